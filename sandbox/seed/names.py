"""Word lists the seeded people are made of."""

GIVEN_NAMES = (
    "Grace", "Alan", "Katherine", "Linus", "Radia", "Edsger", "Barbara", "Ken", "Margaret", "Dennis", "Frances",
    "Tim", "Adele", "Donald", "Shafi", "Leslie", "Zoë", "José", "Søren", "Łucja", "Björn", "Chloé", "Núria", "Jürgen",
    "Siân", "Ana María", "Jean-Luc", "Đorđe", "Ingrid", "Tomáš", "Oisín", "Thảo", "Mbali", "Chidi", "Aisling",
)  # fmt: skip
FAMILY_NAMES = (
    "Hopper", "Turing", "Johnson", "Perlman", "Dijkstra", "Liskov", "Thompson", "Hamilton", "Ritchie", "Allen",
    "Goldberg", "Knuth", "Goldwasser", "Lamport", "Müller", "García Márquez", "Østergaard", "Wójcik", "Žižek",
    "O'Brien", "d'Arc", "van der Berg", "Nguyễn", "Çelik", "Şahin", "Ó Súilleabháin", "Núñez", "Lefèvre", "Smith",
    "Smith-Jones", "Okafor", "Dlamini", "Ivanova", "Papadopoulou",
)  # fmt: skip
# Whole names that stretch assumptions: scripts, order, length, single words, right-to-left marks, joined emoji.
UNUSUAL_NAMES = (
    "王小明", "山田 太郎", "김민준", "陳 大文", "محمد الفاتح", "ליאור כהן", "Анна Каренина", "Ελένη Παπαδοπούλου",
    "नेहा शर्मा", "สมชาย ใจดี", "Plato", "Teller", "Björk", "O", "X Æ A-12", "Zoe 🚀 Star", "👩‍💻 Dev",
    "null", "Robert'); DROP TABLE Students;--", "<b>Bold</b> & Sons", "  Spaced   Out  ",
    "María de los Ángeles Fernández-Santamaría y Rodríguez de la Vega-Armijo", "e\u0301ric Decomposed",
    "Rhoshandiatellyneshiaunneveshenk Koyaanisquatsiuth " + "Williams-" * 18 + "End",
)  # fmt: skip
DOMAINS = ("example.com", "example.org", "example.net", "mail.example.com", "xn--bcher-kva.example")
POSITIONS = ("Software Engineer", "Product Designer", "Ingénieure logiciel", "Head of Sales", "研究員", "Recruiter")
COMPANIES = ("Analytical Engines Ltd", "Initech", "Grüne Wiese GmbH", "株式会社サンプル", "Smith & Sons, Inc.")
SCHOOLS = ("University of London", "ETH Zürich", "東京大学", "Universidad de Buenos Aires", "MIT")
TIMEZONES = ("Europe/London", "America/Los_Angeles", "Asia/Tokyo", "Africa/Lagos", "America/Argentina/Buenos_Aires")
# Country, region, city; a missing part is an empty string.
PLACES = (
    ("United Kingdom", "England", "London"),
    ("United States", "California", "San Francisco"),
    ("Japan", "", "東京"),
    ("Germany", "Bayern", "München"),
    ("Brazil", "São Paulo", "São Paulo"),
    ("Nigeria", "", ""),
    ("Singapore", "", "Singapore"),
)
LINK_PATTERNS = {
    "LinkedIn": "https://www.linkedin.com/in/{slug}",
    "GitHub": "https://github.com/{slug}",
    "Twitter": "https://twitter.com/{slug}",
    "Medium": "https://medium.com/@{slug}",
    "StackOverflow": "https://stackoverflow.com/users/{slug}",
    "YouTube": "https://www.youtube.com/@{slug}",
    "CodePen": "https://codepen.io/{slug}",
    "Website": "https://{slug}.example.com/",
}
