"""The file that is uploaded, and uploaded again after the upgrade. No import of wesend: both versions read it."""

CSV = (
    "phone,name,city,Email\n0755000101,Ann Apio,Kampala,ann@example.com\n0755000102,Ben,Gulu,\n"
    "0755000103,Cal,,cal@example.com\nnonsense,X,,\n"
)
