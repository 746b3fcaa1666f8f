"""SMPP's command_status: the words of the specification (5.1.3), and what each means for a message."""

from __future__ import annotations

OK = 0x00
RINVMSGLEN, RINVCMDLEN, RINVCMDID, RINVBNDSTS, RALYBND, RSYSERR = 0x01, 0x02, 0x03, 0x04, 0x05, 0x08
RINVSRCADR, RINVDSTADR, RINVMSGID, RBINDFAIL, RINVPASWD = 0x0A, 0x0B, 0x0C, 0x0D, 0x0E
RCANCELFAIL, RREPLACEFAIL, RMSGQFUL = 0x11, 0x13, 0x14
RINVESMCLASS, RSUBMITFAIL, RINVREPFLAG, RTHROTTLED = 0x43, 0x45, 0x54, 0x58
RINVSCHED, RINVEXPIRY, RINVDFTMSGID, RINVDCS = 0x61, 0x62, 0x63, 0x104
RX_T_APPN, RX_P_APPN = 0x64, 0x65  # to a deliver_sm: send it again; do not

NAMES = {
    0x01: "RINVMSGLEN",
    0x02: "RINVCMDLEN",
    0x03: "RINVCMDID",
    0x04: "RINVBNDSTS",
    0x05: "RALYBND",
    0x06: "RINVPRTFLG",
    0x07: "RINVREGDLVFLG",
    0x08: "RSYSERR",
    0x0A: "RINVSRCADR",
    0x0B: "RINVDSTADR",
    0x0C: "RINVMSGID",
    0x0D: "RBINDFAIL",
    0x0E: "RINVPASWD",
    0x0F: "RINVSYSID",
    0x11: "RCANCELFAIL",
    0x13: "RREPLACEFAIL",
    0x14: "RMSGQFUL",
    0x15: "RINVSERTYP",
    0x33: "RINVNUMDESTS",
    0x34: "RINVDLNAME",
    0x40: "RINVDESTFLAG",
    0x42: "RINVSUBREP",
    0x43: "RINVESMCLASS",
    0x44: "RCNTSUBDL",
    0x45: "RSUBMITFAIL",
    0x48: "RINVSRCTON",
    0x49: "RINVSRCNPI",
    0x50: "RINVDSTTON",
    0x51: "RINVDSTNPI",
    0x53: "RINVSYSTYP",
    0x54: "RINVREPFLAG",
    0x55: "RINVNUMMSGS",
    0x58: "RTHROTTLED",
    0x61: "RINVSCHED",
    0x62: "RINVEXPIRY",
    0x63: "RINVDFTMSGID",
    0x64: "RX_T_APPN",
    0x65: "RX_P_APPN",
    0x66: "RX_R_APPN",
    0x67: "RQUERYFAIL",
    0xC0: "RINVOPTPARSTREAM",
    0xC1: "ROPTPARNOTALLWD",
    0xC2: "RINVPARLEN",
    0xC3: "RMISSINGOPTPARAM",
    0xC4: "RINVOPTPARAMVAL",
    0xFE: "RDELIVERYFAILURE",
    0xFF: "RUNKNOWNERR",
    0x104: "RINVDCS",
}
"""Without their common ``ESME_``."""

# Too fast, queue full, a submission that failed, and a session that the SMSC no longer takes for bound: nothing is
# wrong with the message.
TEMPORARY = frozenset((0x58, 0x14, 0x45, 0x04))
TOO_FAST = frozenset((0x58, 0x14))


def name(status: int) -> str:
    return f"ESME_{NAMES[status]}" if status in NAMES else f"0x{status:08X}"
