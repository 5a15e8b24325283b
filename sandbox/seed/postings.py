"""The seeded job postings: one for each public job, with HTML a reader may stumble over."""

from sandbox.identifiers import identifier_at
from sandbox.moments import milliseconds
from sandbox.seed.jobs import JOBS, PUBLIC_JOBS
from sandbox.table import Record

_DAY = 86_400_000
_CREATED = milliseconds("2022-06-08T09:00:00Z")
_OPENING = "<h2>Who we are</h2><ul><li>Builders of <b>engines</b></li><li>計算機の会社</li></ul>"
_CLOSING = '<h2>Ask us</h2><a href="https://analytical-engines.example/jobs?a=1&amp;b=2">Analytical Engines</a>'
_BODIES = (
    (
        "<h1>What you will do</h1><ul><li>Design mills &amp; stores</li><li>Write <code>if (a &lt; b)</code></li></ul>"
        "<h2>Who you are</h2><ol><li>Curious</li><li><i>Patient</i></li></ol><pre>1 + 1 = 2\n  indented</pre>"
    ),
    "<h1>Ihre Aufgaben</h1><ul><li>Kunden in <b>München</b> &amp; Zürich betreuen</li><li>Größe zeigen</li></ul>",
    "<h3>About the rôle 🎨</h3>Draw <u>everything</u>.<ul><li>One</li></ul>",
    "<h1>仕事内容</h1><ul><li>研究</li><li>「機械」の設計</li></ul>",
)
# Per public job in order: (published, listed, internal board, suppressed opening, deadline, other location).
_SETTINGS = (
    (True, True, False, False, None, 3),
    (True, True, False, True, "2026-12-31T22:59:00Z", None),
    (True, True, False, False, None, 1),
    (True, False, False, False, None, None),
    (True, True, True, False, None, None),
    (True, True, False, False, None, 2),
)
_UNPUBLISHED = (False, False, False, False, None, None)


def job_board(seed: int, *, internal: bool) -> str:
    """Return the id of the primary external job board, or of the internal one."""
    return identifier_at(seed, "job_board", int(internal))


def records(seed: int) -> dict[str, list[Record]]:
    """Return the records of job postings; those of closed and archived jobs are unpublished."""
    return {"job_posting": [_posting(seed, place, job) for place, job in enumerate(PUBLIC_JOBS)]}


def _posting(seed: int, place: int, position: int) -> Record:
    job = JOBS[position]
    settings = _SETTINGS[place] if place < len(_SETTINGS) and job.status == "Open" else _UNPUBLISHED
    published, listed, internal, suppressed, deadline, other = settings
    return {
        "id": identifier_at(seed, "job_posting", position),
        "jobId": identifier_at(seed, "job", position),
        "title": job.title if place % 2 == 0 else f"{job.title}, {('London', 'München', 'Remote')[place % 3]}",
        "jobBoardId": job_board(seed, internal=internal),
        "isPublished": published,
        "isListed": listed,
        "locationId": identifier_at(seed, "location", job.location or 0),
        "secondaryLocationIds": [] if other is None else [identifier_at(seed, "location", other)],
        "workplaceType": (None, "Hybrid", "OnSite", "Remote")[place % 4],
        "employmentType": job.employment,
        "publishedDate": "2022-09-01" if place % 2 == 0 else "2023-02-14",
        "applicationDeadline": None if deadline is None else milliseconds(deadline),
        "descriptionOpening": _OPENING,
        "descriptionBody": _BODIES[place % len(_BODIES)],
        "descriptionClosing": _CLOSING,
        "suppressDescriptionOpening": suppressed,
        "suppressDescriptionClosing": place % 3 == 2,
        "descriptionSocial": f"Join us as {job.title}",
        "showPay": bool(job.pay) and place % 2 == 0,
        "createdAt": _CREATED + position * 30 * _DAY,
        "updatedAt": _CREATED + position * 31 * _DAY,
    }
