"""Verification: a code is sent to a phone, and an answer is checked; apps are settings that several of them share."""
