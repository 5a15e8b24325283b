"""The seeded organisation's fixed lists: tags, sources, custom fields, users and the like.

Records refer to each other by position in these lists, and ids follow from the position (`sandbox.identifiers`), so
that candidates can be computed without looking anything up.
"""

# (title, archived)
TAGS = (
    ("Boomerang", False), ("Referral bonus", False), ("Open to relocation", False), ("Visa needed", False),
    ("日本語", False), ("Do not contact", False), ("Silver medalist", False), ("🔥 Hot", False),
    ("2019 campus drive", True), ("Old pipeline", True),
)  # fmt: skip
# (title, type, archived)
SOURCE_TYPES = (("Inbound", False), ("Outbound", False), ("Referral", False), ("Agency", True))
SOURCES = (
    ("Applied", 0, False), ("Company website", 0, False), ("LinkedIn", 1, False), ("Sourced: GitHub", 1, False),
    ("Employee referral", 2, False), ("Événement", 0, False), ("Untyped import", None, False),
    ("Acme Recruiters", 3, True),
)  # fmt: skip
# (text, reason type, archived)
ARCHIVE_REASONS = (
    ("Accepted another offer", "RejectedByCandidate", False), ("Withdrew", "RejectedByCandidate", False),
    ("Salary expectations", "RejectedByCandidate", False), ("Not enough experience", "RejectedByOrg", False),
    ("Failed technical interview", "RejectedByOrg", False), ("Position closed", "Other", False),
    ("Duplicate", "Other", False), ("Legacy reason", "Other", True),
)  # fmt: skip
# (name, job board)
BRANDS = (("Analytical Engines", "analytical-engines"), ("Difference Works", "difference-works"))
# (name, external name, parent, archived)
DEPARTMENTS = (
    ("Engineering", None, None, False), ("Platform", "Platform Engineering", 0, False), ("Design", None, None, False),
    ("Sales", None, None, False), ("Vertrieb DACH", "Sales DACH", 3, False), ("Telegraphy", None, None, True),
)  # fmt: skip
# (name, type, parent, workplace, (country, region, city), archived)
LOCATIONS = (
    ("Europe", "LocationHierarchy", None, None, None, False),
    ("London office", "Location", 0, "Hybrid", ("United Kingdom", "England", "London"), False),
    ("München", "Location", 0, "OnSite", ("Germany", "Bayern", "München"), False),
    ("Remote", "Location", None, "Remote", None, False),
    ("東京", "Location", None, "OnSite", ("Japan", "", "東京"), False),
    ("Old warehouse", "Location", None, None, None, True),
)
# (given name, family name, mailbox, role, enabled, manager)
USERS = (
    ("Charles", "Babbage", "charles", "Organization Admin", True, None),
    ("Mary", "Somerville", "mary", "Organization Admin", True, None),
    ("Luigi", "Menabrea", "luigi", "Elevated Access", True, 0),
    ("Sophia", "De Morgan", "sophia", "Elevated Access", True, 0),
    ("Michael", "Faraday", "michael", "Elevated Access", False, 1),
    ("Zoë", "Østergaard", "zoe", "Limited Access", True, 2),
    ("太郎", "山田", "taro", "Limited Access", True, 2),
    ("فاطمة", "الزهراء", "fatima", "Limited Access", True, 3),
    ("José", "Núñez", "jose", "Limited Access", True, 3),
    ("Émilie", "du Châtelet", "emilie", "Limited Access", True, 3),
    ("Former", "Colleague", "former", "Limited Access", False, 3),
    ("Agnes", "O'Brien", "agnes", "External Recruiter", True, None),
    ("Acme", "Recruiters", "acme", "External Recruiter", True, None),
    ("Gone", "Agency", "gone", "External Recruiter", False, None),
    ("Directory", "Robot", None, "Limited Access", True, None),
)
# (title, description, archived, confidential)
PROJECTS = (
    ("Future engineers", "People to call when headcount opens", False, False),
    ("Secret expansion", "Not announced", False, True),
    ("Alumni", None, False, False),
    ("Finished search", None, True, False),
)
# Where Ashby says what `type` a compensation interval may have.
INTERVALS = (
    "NONE", "1 TIME", "1 HOUR", "1 DAY", "1 WEEK", "2 WEEK", "1 MONTH", "2 MONTH", "1 YEAR", "6 MONTH", "0.5 MONTH",
    "3 MONTH",
)  # fmt: skip
