"""News of the house reaches the outbox of letters, and nobody waits for its disk."""

from datetime import UTC, datetime

from agent.herald import Herald
from agent.letters import LettersPart
from agent.model import Event, Moment
from agent.parts import Outbox
from notify.outbox import Outbox as Letters

NOW = Moment(100.0, datetime(2026, 6, 1, 12, 0, tzinfo=UTC))


def test_an_event_told_in_any_room_waits_in_the_outbox_on_disk(tmp_path):
    path = tmp_path / "outbox.db"
    part, news = LettersPart(Letters(path)), Outbox()
    herald = Herald((news,), (part.box.put,))
    news.put(Event("charger_lost", "Garage fell silent.", "warning", "3201"))
    herald.step(NOW)
    assert part.step(NOW) == 102.0
    part.finish(NOW)
    again = Letters(path)
    assert again.pending() == (1, 0)
    again.close()
