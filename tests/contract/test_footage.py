"""What every FootageStore promises."""

from uuid import UUID

from vigil.bus.footage.base import FootageStore
from vigil.domain.camera import CameraId
from vigil.footage_document import CameraFootage, CameraProtections, ProtectedSpan, VolumeReport

VOLUME, OTHER = UUID(int=1), UUID(int=2)


def protections(camera_id: int, revision: int, *until_us: int) -> CameraProtections:
    spans = tuple(ProtectedSpan(since_us=0, until_us=each) for each in until_us)
    return CameraProtections(camera_id=CameraId(camera_id), revision=revision, spans=spans)


def test_before_anything_was_published_nobody_knows(footage_store: FootageStore) -> None:
    assert footage_store.protections([CameraId(7)]) == {}
    assert footage_store.protections([]) == {}
    footage_store.protect([])


def test_what_was_published_is_read(footage_store: FootageStore) -> None:
    documents = [protections(7, 1, 10, 20), protections(8, 5)]
    footage_store.protect(documents)

    found = footage_store.protections([CameraId(7), CameraId(8), CameraId(9)])

    assert found == {7: documents[0], 8: documents[1]}


def test_the_newer_revision_stays_whoever_comes_last(footage_store: FootageStore) -> None:
    footage_store.protect([protections(7, 2, 20)])
    footage_store.protect([protections(7, 1, 10), protections(8, 1, 10)])

    found = footage_store.protections([CameraId(7), CameraId(8)])

    assert (found[CameraId(7)].revision, found[CameraId(8)].revision) == (2, 1)


def test_orders_are_a_volumes_own_and_stay_until_they_are_done(
    footage_store: FootageStore,
) -> None:
    footage_store.order_deletions(VOLUME, ["7/a", "7/b", "7/c"])
    footage_store.order_deletions(VOLUME, ["7/a"])
    footage_store.order_deletions(OTHER, [])

    assert sorted(footage_store.deletions(VOLUME, limit=10)) == ["7/a", "7/b", "7/c"]
    assert len(footage_store.deletions(VOLUME, limit=2)) == 2
    assert footage_store.deletions(OTHER, limit=10) == []

    footage_store.deletions_done(VOLUME, ["7/a", "7/b"])
    footage_store.deletions_done(VOLUME, [])
    footage_store.deletions_done(OTHER, ["7/c"])

    assert footage_store.deletions(VOLUME, limit=10) == ["7/c"]


def test_many_orders_are_given_as_one(footage_store: FootageStore) -> None:
    paths = [f"7/{number}" for number in range(2500)]

    footage_store.order_deletions(VOLUME, paths)

    assert sorted(footage_store.deletions(VOLUME, limit=10_000)) == sorted(paths)


def a_report(volume: UUID, free_bytes: int) -> VolumeReport:
    return VolumeReport(
        volume=volume,
        at_us=1,
        files=3,
        used_bytes=30,
        protected_bytes=10,
        total_bytes=100,
        free_bytes=free_bytes,
        reserve_bytes=5,
        kept_days=30,
        purges=True,
        is_counted=True,
        cameras=(CameraFootage(camera_id=CameraId(7), files=3, used_bytes=30, protected_bytes=10),),
    )


def test_of_each_volume_what_was_said_last_is_told(footage_store: FootageStore) -> None:
    assert footage_store.reports() == []
    for report in (a_report(VOLUME, 50), a_report(OTHER, 60), a_report(VOLUME, 40)):
        footage_store.report(report)

    assert footage_store.reports() == [a_report(VOLUME, 40), a_report(OTHER, 60)]
