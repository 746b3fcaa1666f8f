"""Icons of Feather (MIT, static/LICENSE-Feather.txt): a name → what is inside its 24 × 24 SVG."""

from __future__ import annotations

from markupsafe import Markup

SHAPES = {
    "activity": ("<polyline points='22 12 18 12 15 21 9 3 6 12 2 12'></polyline>"),
    "alert-triangle": (
        "<path d='M10.29 3.86L1.82 18a2 2 0 0 0 1.71 3h16.94a2 2 0 0 0 1.71-3L13.71 3.86a2 2 0 0 0-3.42 "
        "0z'></path><line x1='12' y1='9' x2='12' y2='13'></line><line x1='12' y1='17' x2='12.01' "
        "y2='17'></line>"
    ),
    "arrow-right": ("<line x1='5' y1='12' x2='19' y2='12'></line><polyline points='12 5 19 12 12 19'></polyline>"),
    "briefcase": (
        "<rect x='2' y='7' width='20' height='14' rx='2' ry='2'></rect><path d='M16 21V5a2 2 0 0 0-2-2h-4a2 2 0 0 0-2 2v16'></path>"
    ),
    "check": ("<polyline points='20 6 9 17 4 12'></polyline>"),
    "check-circle": ("<path d='M22 11.08V12a10 10 0 1 1-5.93-9.14'></path><polyline points='22 4 12 14.01 9 11.01'></polyline>"),
    "chevron-down": ("<polyline points='6 9 12 15 18 9'></polyline>"),
    "chevron-right": ("<polyline points='9 18 15 12 9 6'></polyline>"),
    "clock": ("<circle cx='12' cy='12' r='10'></circle><polyline points='12 6 12 12 16 14'></polyline>"),
    "copy": (
        "<rect x='9' y='9' width='13' height='13' rx='2' ry='2'></rect><path d='M5 15H4a2 2 0 0 1-2-2V4a2 2 0"
        " 0 1 2-2h9a2 2 0 0 1 2 2v1'></path>"
    ),
    "credit-card": ("<rect x='1' y='4' width='22' height='16' rx='2' ry='2'></rect><line x1='1' y1='10' x2='23' y2='10'></line>"),
    "dollar-sign": (
        "<line x1='12' y1='1' x2='12' y2='23'></line><path d='M17 5H9.5a3.5 3.5 0 0 0 0 7h5a3.5 3.5 0 0 1 0 7H6'></path>"
    ),
    "download": (
        "<path d='M21 15v4a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-4'></path><polyline points='7 10 12 15 17 "
        "10'></polyline><line x1='12' y1='15' x2='12' y2='3'></line>"
    ),
    "edit-3": ("<path d='M12 20h9'></path><path d='M16.5 3.5a2.121 2.121 0 0 1 3 3L7 19l-4 1 1-4L16.5 3.5z'></path>"),
    "external-link": (
        "<path d='M18 13v6a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2h6'></path><polyline points='15 3 21 "
        "3 21 9'></polyline><line x1='10' y1='14' x2='21' y2='3'></line>"
    ),
    "eye": ("<path d='M1 12s4-8 11-8 11 8 11 8-4 8-11 8-11-8-11-8z'></path><circle cx='12' cy='12' r='3'></circle>"),
    "git-branch": (
        "<line x1='6' y1='3' x2='6' y2='15'></line><circle cx='18' cy='6' r='3'></circle><circle cx='6' "
        "cy='18' r='3'></circle><path d='M18 9a9 9 0 0 1-9 9'></path>"
    ),
    "help-circle": (
        "<circle cx='12' cy='12' r='10'></circle><path d='M9.09 9a3 3 0 0 1 5.83 1c0 2-3 3-3 3'></path><line "
        "x1='12' y1='17' x2='12.01' y2='17'></line>"
    ),
    "home": (
        "<path d='M3 9l9-7 9 7v11a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z'></path><polyline points='9 22 9 12 15 12 15 22'></polyline>"
    ),
    "inbox": (
        "<polyline points='22 12 16 12 14 15 10 15 8 12 2 12'></polyline><path d='M5.45 5.11L2 12v6a2 2 0 0 0"
        " 2 2h16a2 2 0 0 0 2-2v-6l-3.45-6.89A2 2 0 0 0 16.76 4H7.24a2 2 0 0 0-1.79 1.11z'></path>"
    ),
    "info": (
        "<circle cx='12' cy='12' r='10'></circle><line x1='12' y1='16' x2='12' y2='12'></line><line x1='12' "
        "y1='8' x2='12.01' y2='8'></line>"
    ),
    "key": (
        "<path d='M21 2l-2 2m-7.61 7.61a5.5 5.5 0 1 1-7.778 7.778 5.5 5.5 0 0 1 7.777-7.777zm0 0L15.5 7.5m0 "
        "0l3 3L22 7l-3-3m-3.5 3.5L19 4'></path>"
    ),
    "link-2": (
        "<path d='M15 7h3a5 5 0 0 1 5 5 5 5 0 0 1-5 5h-3m-6 0H6a5 5 0 0 1-5-5 5 5 0 0 1 5-5h3'></path><line "
        "x1='8' y1='12' x2='16' y2='12'></line>"
    ),
    "list": (
        "<line x1='8' y1='6' x2='21' y2='6'></line><line x1='8' y1='12' x2='21' y2='12'></line><line x1='8' "
        "y1='18' x2='21' y2='18'></line><line x1='3' y1='6' x2='3.01' y2='6'></line><line x1='3' y1='12' "
        "x2='3.01' y2='12'></line><line x1='3' y1='18' x2='3.01' y2='18'></line>"
    ),
    "lock": ("<rect x='3' y='11' width='18' height='11' rx='2' ry='2'></rect><path d='M7 11V7a5 5 0 0 1 10 0v4'></path>"),
    "log-out": (
        "<path d='M9 21H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2h4'></path><polyline points='16 17 21 12 16 "
        "7'></polyline><line x1='21' y1='12' x2='9' y2='12'></line>"
    ),
    "mail": (
        "<path d='M4 4h16c1.1 0 2 .9 2 2v12c0 1.1-.9 2-2 2H4c-1.1 0-2-.9-2-2V6c0-1.1.9-2 "
        "2-2z'></path><polyline points='22,6 12,13 2,6'></polyline>"
    ),
    "menu": (
        "<line x1='3' y1='12' x2='21' y2='12'></line><line x1='3' y1='6' x2='21' y2='6'></line><line x1='3' "
        "y1='18' x2='21' y2='18'></line>"
    ),
    "message-square": ("<path d='M21 15a2 2 0 0 1-2 2H7l-4 4V5a2 2 0 0 1 2-2h14a2 2 0 0 1 2 2z'></path>"),
    "play": ("<polygon points='5 3 19 12 5 21 5 3'></polygon>"),
    "plus": ("<line x1='12' y1='5' x2='12' y2='19'></line><line x1='5' y1='12' x2='19' y2='12'></line>"),
    "power": ("<path d='M18.36 6.64a9 9 0 1 1-12.73 0'></path><line x1='12' y1='2' x2='12' y2='12'></line>"),
    "refresh-cw": (
        "<polyline points='23 4 23 10 17 10'></polyline><polyline points='1 20 1 14 7 14'></polyline><path "
        "d='M3.51 9a9 9 0 0 1 14.85-3.36L23 10M1 14l4.64 4.36A9 9 0 0 0 20.49 15'></path>"
    ),
    "repeat": (
        "<polyline points='17 1 21 5 17 9'></polyline><path d='M3 11V9a4 4 0 0 1 4-4h14'></path><polyline "
        "points='7 23 3 19 7 15'></polyline><path d='M21 13v2a4 4 0 0 1-4 4H3'></path>"
    ),
    "rotate-cw": ("<polyline points='23 4 23 10 17 10'></polyline><path d='M20.49 15a9 9 0 1 1-2.12-9.36L23 10'></path>"),
    "search": ("<circle cx='11' cy='11' r='8'></circle><line x1='21' y1='21' x2='16.65' y2='16.65'></line>"),
    "send": ("<line x1='22' y1='2' x2='11' y2='13'></line><polygon points='22 2 15 22 11 13 2 9 22 2'></polygon>"),
    "server": (
        "<rect x='2' y='2' width='20' height='8' rx='2' ry='2'></rect><rect x='2' y='14' width='20' "
        "height='8' rx='2' ry='2'></rect><line x1='6' y1='6' x2='6.01' y2='6'></line><line x1='6' y1='18' "
        "x2='6.01' y2='18'></line>"
    ),
    "settings": (
        "<circle cx='12' cy='12' r='3'></circle><path d='M19.4 15a1.65 1.65 0 0 0 .33 1.82l.06.06a2 2 0 0 1 0"
        " 2.83 2 2 0 0 1-2.83 0l-.06-.06a1.65 1.65 0 0 0-1.82-.33 1.65 1.65 0 0 0-1 1.51V21a2 2 0 0 1-2 2 2 2"
        " 0 0 1-2-2v-.09A1.65 1.65 0 0 0 9 19.4a1.65 1.65 0 0 0-1.82.33l-.06.06a2 2 0 0 1-2.83 0 2 2 0 0 1 "
        "0-2.83l.06-.06a1.65 1.65 0 0 0 .33-1.82 1.65 1.65 0 0 0-1.51-1H3a2 2 0 0 1-2-2 2 2 0 0 1 "
        "2-2h.09A1.65 1.65 0 0 0 4.6 9a1.65 1.65 0 0 0-.33-1.82l-.06-.06a2 2 0 0 1 0-2.83 2 2 0 0 1 2.83 "
        "0l.06.06a1.65 1.65 0 0 0 1.82.33H9a1.65 1.65 0 0 0 1-1.51V3a2 2 0 0 1 2-2 2 2 0 0 1 2 2v.09a1.65 "
        "1.65 0 0 0 1 1.51 1.65 1.65 0 0 0 1.82-.33l.06-.06a2 2 0 0 1 2.83 0 2 2 0 0 1 0 2.83l-.06.06a1.65 "
        "1.65 0 0 0-.33 1.82V9a1.65 1.65 0 0 0 1.51 1H21a2 2 0 0 1 2 2 2 2 0 0 1-2 2h-.09a1.65 1.65 0 0 "
        "0-1.51 1z'></path>"
    ),
    "smartphone": (
        "<rect x='5' y='2' width='14' height='20' rx='2' ry='2'></rect><line x1='12' y1='18' x2='12.01' y2='18'></line>"
    ),
    "tag": (
        "<path d='M20.59 13.41l-7.17 7.17a2 2 0 0 1-2.83 0L2 12V2h10l8.59 8.59a2 2 0 0 1 0 "
        "2.82z'></path><line x1='7' y1='7' x2='7.01' y2='7'></line>"
    ),
    "trash-2": (
        "<polyline points='3 6 5 6 21 6'></polyline><path d='M19 6v14a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V6m3 0V4a2"
        " 2 0 0 1 2-2h4a2 2 0 0 1 2 2v2'></path><line x1='10' y1='11' x2='10' y2='17'></line><line x1='14' "
        "y1='11' x2='14' y2='17'></line>"
    ),
    "upload": (
        "<path d='M21 15v4a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-4'></path><polyline points='17 8 12 3 7 "
        "8'></polyline><line x1='12' y1='3' x2='12' y2='15'></line>"
    ),
    "user-check": (
        "<path d='M16 21v-2a4 4 0 0 0-4-4H5a4 4 0 0 0-4 4v2'></path><circle cx='8.5' cy='7' "
        "r='4'></circle><polyline points='17 11 19 13 23 9'></polyline>"
    ),
    "user-plus": (
        "<path d='M16 21v-2a4 4 0 0 0-4-4H5a4 4 0 0 0-4 4v2'></path><circle cx='8.5' cy='7' "
        "r='4'></circle><line x1='20' y1='8' x2='20' y2='14'></line><line x1='23' y1='11' x2='17' "
        "y2='11'></line>"
    ),
    "users": (
        "<path d='M17 21v-2a4 4 0 0 0-4-4H5a4 4 0 0 0-4 4v2'></path><circle cx='9' cy='7' "
        "r='4'></circle><path d='M23 21v-2a4 4 0 0 0-3-3.87'></path><path d='M16 3.13a4 4 0 0 1 0 "
        "7.75'></path>"
    ),
    "x": ("<line x1='18' y1='6' x2='6' y2='18'></line><line x1='6' y1='6' x2='18' y2='18'></line>"),
    "zap": ("<polygon points='13 2 3 14 12 14 11 22 21 10 12 10 13 2'></polygon>"),
}


def icon(name: str) -> Markup:
    """The icon, hidden from screen readers: what it means stands beside it as text."""
    return Markup(f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{SHAPES[name]}</svg>')
