"""What a user proves at sign-in beside the password: a code of an app, a passkey, or a recovery code."""
