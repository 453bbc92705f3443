"""The contract of `ExportStorage`.

Inherit it in your adapter's tests::

    class TestMyStorage(StorageContract[MyStorage]):
        @pytest.fixture
        def storage(self) -> MyStorage: ...
        def put_behind(self, storage: MyStorage, key: str, data: bytes) -> None: ...
        def get_behind(self, storage: MyStorage, key: str) -> bytes | None: ...
        def away_behind(self, storage: MyStorage) -> AbstractContextManager[object]: ...
        def environment(self, storage: MyStorage) -> Mapping[str, str]: ...

The methods reach the store without the adapter, so that writing and reading are proven apart: two mistakes that cancel
each other out do not pass. Without `away_behind`, the tests of a store that is away are skipped, and without an
installed package that opens its places, those of other processes; each reason says what to override. `environment`, by
default empty, has what another process needs to open the place.

Override `several_parts` if a part of the store is larger than 8 MiB, and `several_names` if a page of its names has
more than 1,000; `begin_behind` where a killed process leaves something else in the store than a writer that is never
ended; `another_place` if the prefix is not the path of the URL; `link_lifetime`, `checks_links` and
`sets_link_headers` for links that the tests cannot read, and for test servers that serve every link; `has_versions`
for test servers that give the newest object to all readers.
"""

from __future__ import annotations

import os
import stat

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ticket_export.errors import InvalidKeyError, ObjectNotFoundError
from ticket_export.testing.stores.ended_processes import EndedProcessesContract
from ticket_export.testing.stores.ended_writers import EndedWritersContract
from ticket_export.testing.stores.failures import FailuresContract
from ticket_export.testing.stores.links import LinksContract
from ticket_export.testing.stores.listed_names import ListedNamesContract
from ticket_export.testing.stores.open_files import OpenFilesContract
from ticket_export.testing.stores.places import PlacesContract
from ticket_export.testing.stores.readers import ReadersContract
from ticket_export.testing.stores.shared_processes import SharedProcessesContract
from ticket_export.testing.stores.simultaneous_writers import SimultaneousWritersContract
from ticket_export.testing.stores.stale_writers import StaleWritersContract
from ticket_export.testing.stores.store_back_door import CONTENT_TYPE, KEY, MALFORMED_KEYS, S, read, write

__all__ = ["CONTENT_TYPE", "KEY", "MALFORMED_KEYS", "StorageContract", "read", "write"]

_segments = st.text("abcXYZ019_-.", min_size=1, max_size=12)
_keys = st.one_of(
    st.lists(_segments, min_size=1, max_size=4).map("/".join),
    st.lists(st.sampled_from(["..", ".", "", "a", "b.csv", "~", "C:", "\\", "\0"]), min_size=1).map("/".join),
    st.text(min_size=1),
)


class StorageContract(
    EndedWritersContract[S],
    SimultaneousWritersContract[S],
    StaleWritersContract[S],
    ReadersContract[S],
    OpenFilesContract[S],
    ListedNamesContract[S],
    SharedProcessesContract[S],
    EndedProcessesContract[S],
    FailuresContract[S],
    PlacesContract[S],
    LinksContract[S],
):
    """Tests of one storage adapter; see the module on how to use them."""

    # Writing

    def test_written_object_lies_in_the_store(self, storage: S) -> None:
        write(storage, KEY, b"one", b"", b"two")
        assert self.get_behind(storage, KEY) == b"onetwo"

    def test_empty_object_is_an_object(self, storage: S) -> None:
        write(storage, KEY)
        assert self.get_behind(storage, KEY) == b""
        assert read(storage, KEY) == b""
        assert list(storage.list("")) == [KEY]

    def test_large_object_comes_back_whole(self, storage: S) -> None:
        block = bytes(range(256)) * 4096
        write(storage, KEY, *[block] * 20)
        assert read(storage, KEY) == block * 20

    def test_many_small_writes_come_back_in_order(self, storage: S) -> None:
        lines = [b"%d\n" % number for number in range(50_000)]
        write(storage, KEY, *lines)
        assert self.get_behind(storage, KEY) == b"".join(lines)

    # Reading

    def test_stored_object_is_read(self, storage: S) -> None:
        self.put_behind(storage, KEY, b"\0\r\n\xff")
        assert read(storage, KEY) == b"\0\r\n\xff"

    def test_object_is_read_in_pieces(self, storage: S) -> None:
        self.put_behind(storage, KEY, b"abcdefgh")
        with storage.open_reader(KEY) as stream:
            assert [stream.read(3), stream.read(3), stream.read(3), stream.read(3)] == [b"abc", b"def", b"gh", b""]

    def test_file_behind_a_reader_is_the_object(self, storage: S) -> None:
        self.put_behind(storage, KEY, b"abcdefgh")
        with storage.open_reader(KEY) as stream:
            try:
                descriptor = stream.fileno()
            except (AttributeError, OSError):
                pytest.skip("the reader has no descriptor")
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                pytest.skip("the descriptor of the reader is not that of a file")
            assert os.pread(descriptor, 100, 0) == b"abcdefgh"
        with storage.open_reader(KEY, start=3) as stream:
            assert os.pread(stream.fileno(), 100, 0) == b"abcdefgh"

    @pytest.mark.parametrize("data", [b"abcdefgh", b"a", b""], ids=["long", "one byte", "empty"])
    def test_object_is_read_from_any_byte_on(self, storage: S, data: bytes) -> None:
        self.put_behind(storage, KEY, data)
        for start in (0, 1, 2, 7, 8, 9, 1_000_000, 2**63 - 1, 2**63, 2**64, 10**30):
            assert (start, read(storage, KEY, start)) == (start, data[start:])

    def test_large_object_is_read_in_pieces_from_any_byte_on(self, storage: S) -> None:
        # No two places have the same bytes.
        data = b"".join(b"%07d," % number for number in range(750_000))
        write(storage, KEY, data)
        for start in (*range(1, len(data), 299_993), len(data) - 1):
            with storage.open_reader(KEY, start) as stream:
                pieces = [stream.read(10), stream.read(100_000)]
            assert pieces == [data[start : start + 10], data[start + 10 : start + 100_010]]

    def test_negative_start_is_refused(self, storage: S) -> None:
        self.put_behind(storage, KEY, b"abcdefgh")
        for start in (-1, -8, -9):
            with pytest.raises(ValueError, match=str(start)):
                read(storage, KEY, start)

    @pytest.mark.parametrize("key", ["exports/other.csv", "exports/job", f"{KEY}/below"])
    def test_absent_object_is_not_found(self, storage: S, key: str) -> None:
        self.put_behind(storage, KEY, b"neighbour")
        with pytest.raises(ObjectNotFoundError):
            read(storage, key)
        with pytest.raises(ObjectNotFoundError):
            read(storage, key, 1_000_000)

    @pytest.mark.parametrize("start", [0, 1, 1_000_000])
    def test_absent_object_is_not_found_before_the_block_of_its_reader_begins(self, storage: S, start: int) -> None:
        # Later, a web process would have sent the beginning of a response.
        with pytest.raises(ObjectNotFoundError), storage.open_reader("exports/never", start):
            pytest.fail("the block has begun")

    # Deleting

    def test_deleted_object_is_gone_and_its_neighbours_stay(self, storage: S) -> None:
        neighbours = ["exports/job/1/tickets.csv.old", "exports/job/10/tickets.csv", "exports/other.csv"]
        for key in (KEY, *neighbours):
            self.put_behind(storage, key, key.encode())
        storage.delete(KEY)
        self.assert_absent(storage, KEY)
        assert [self.get_behind(storage, key) for key in neighbours] == [key.encode() for key in neighbours]

    @pytest.mark.parametrize("key", [KEY, "exports/job", "exports/never", f"{KEY}/below"])
    def test_deleting_twice_or_what_never_was_is_fine(self, storage: S, key: str) -> None:
        write(storage, "exports/job/2/other.csv", b"stays")
        self.put_behind(storage, KEY, b"goes")
        storage.delete(KEY)
        storage.delete(key)
        assert list(storage.list("")) == ["exports/job/2/other.csv"]

    def test_deleted_key_can_be_written_again(self, storage: S) -> None:
        write(storage, KEY, b"first")
        storage.delete(KEY)
        write(storage, KEY, b"second")
        assert read(storage, KEY) == b"second"

    # Listing

    def test_empty_store_lists_nothing(self, storage: S) -> None:
        assert list(storage.list("")) == []
        assert list(storage.list("exports/")) == []

    @pytest.mark.parametrize(
        ("prefix", "found"),
        [
            ("", ["a-b", "a.csv", "a/b", "a/b.csv2/x", "a/c", "a0", "a_b", "ab/c", "b"]),
            ("a", ["a-b", "a.csv", "a/b", "a/b.csv2/x", "a/c", "a0", "a_b", "ab/c"]),
            ("a/", ["a/b", "a/b.csv2/x", "a/c"]),
            ("a/b", ["a/b", "a/b.csv2/x"]),
            ("a/b.csv2/x", ["a/b.csv2/x"]),
            ("c", []),
            ("b/", []),
            ("a.csv/b", []),
            # No pattern of a regular expression or of SQL, which may also take capital letters for small ones.
            ("a.", ["a.csv"]),
            ("a_", ["a_b"]),
            ("A", []),
        ],
    )
    def test_list_gives_the_keys_of_a_prefix_in_order(self, storage: S, prefix: str, found: list[str]) -> None:
        for key in ("ab/c", "a/c", "a_b", "a0", "a/b", "b", "a-b", "a/b.csv2/x", "a.csv"):
            self.put_behind(storage, key, b"")
        assert list(storage.list(prefix)) == found

    # Keys

    @pytest.mark.parametrize("key", MALFORMED_KEYS, ids=ascii)
    def test_malformed_key_is_refused_by_every_method(self, storage: S, key: str) -> None:
        with pytest.raises(InvalidKeyError):
            write(storage, key, b"outside")
        with pytest.raises(InvalidKeyError):
            read(storage, key)
        with pytest.raises(InvalidKeyError):
            storage.delete(key)
        assert list(storage.list("")) == []

    @pytest.mark.parametrize("prefix", ["/", "../", "..", "a/../", "a//", "a\\", "C:", "\0"], ids=ascii)
    def test_malformed_prefix_is_refused(self, storage: S, prefix: str) -> None:
        with pytest.raises(InvalidKeyError):
            list(storage.list(prefix))

    @given(key=_keys)
    @example(key="exports/0a/1/tickets-20250101T000000Z.csv")
    # One store serves all examples, since each removes what it wrote.
    @settings(
        deadline=None,  # a store may be far away
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    def test_any_key_is_refused_or_names_one_object_inside_the_store(self, storage: S, key: str) -> None:
        try:
            write(storage, key, b"inside")
        except InvalidKeyError:
            assert list(storage.list("")) == []
            return
        assert self.get_behind(storage, key) == b"inside"
        assert list(storage.list("")) == [key]
        storage.delete(key)
        assert list(storage.list("")) == []
