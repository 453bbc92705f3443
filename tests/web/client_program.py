"""A user of a generated client. It knows `exports_client`, which is made from the served document, and nothing else.

Arguments: the URL of the mount, and a user. It writes what it saw as JSON.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from base64 import b64encode

from exports_client import Client
from exports_client.api.exports import (
    describe_file,
    download_file,
    get_choices,
    get_export,
    list_exports,
    request_export,
)
from exports_client.models import (
    Delimiter,
    ExportStatus,
    FileFormat,
    FileOptions,
    Operator,
    Problem,
    View,
    ViewFilter,
)

url, user = sys.argv[1:]
client = Client(base_url=url, headers={"X-Desk-User": user})

choices = get_choices.sync(client=client)
filterable = next(each for each in choices.columns if each.choices)
view = View(
    columns=[each.name for each in choices.columns][:4],
    filters=[ViewFilter(filterable.name, Operator.NEQ, filterable.choices[0].value)],
    file=FileOptions(format_=FileFormat.CSV, delimiter=Delimiter.SEMICOLON),
)
requested = request_export.sync_detailed(client=client, body=view)
assert requested.status_code == 202, requested
export_id = requested.parsed.id
assert requested.headers["Location"].endswith(str(export_id))

waits = [int(requested.headers["Retry-After"])]
deadline = time.monotonic() + 60
while True:
    # At once means soon.
    time.sleep(waits[-1] or 0.1)
    watched = get_export.sync_detailed(export_id, client=client)
    if watched.parsed.status not in {ExportStatus.QUEUED, ExportStatus.RUNNING}:
        break
    waits.append(int(watched.headers["Retry-After"]))
    assert time.monotonic() < deadline, watched
assert watched.parsed.status is ExportStatus.COMPLETED, watched.parsed
assert get_export.sync_detailed(export_id, client=client, if_none_match=watched.headers["ETag"]).status_code == 304

described = describe_file.sync_detailed(export_id, client=client)
downloaded = download_file.sync_detailed(export_id, client=client)
content = downloaded.parsed.payload.read()
assert downloaded.headers["Repr-Digest"] == f"sha-256=:{b64encode(hashlib.sha256(content).digest()).decode()}:"
assert len(content) == int(described.headers["Content-Length"]) == watched.parsed.length
rest = download_file.sync_detailed(export_id, client=client, range_="bytes=100-", if_range=described.headers["ETag"])
assert (rest.status_code, rest.parsed.payload.read()) == (206, content[100:])

refused = request_export.sync_detailed(client=client, body=View(columns=["titel"]))
assert isinstance(refused.parsed, Problem), refused

listed = list_exports.sync(client=client, page_size=1)
seen = {
    "id": str(export_id),
    "file_name": watched.parsed.file_name,
    "rows": watched.parsed.row_count,
    "content": content.decode(),
    "listed": [str(each.id) for each in listed.items],
    "problem": refused.parsed.to_dict(),
}
sys.stdout.write(json.dumps(seen))
