"""What is promised of the whole service, and alerted on when it burns. Every pack brings its own runbooks."""

from __future__ import annotations

from parapet.slo.packs import database_pack, jobs_pack, web_pack

from clinic.reliability.service import parapet

parapet.adopt(web_pack())
parapet.adopt(jobs_pack())
parapet.adopt(database_pack(pool=None))
