"""From a job's trouble to the owner's mailbox: the outbox, a tick, and a real SMTP server."""

from datetime import timedelta

import pytest

from notify.events import event_of
from scheduler.__main__ import main
from scheduler.clock import now_utc
from scheduler.jobs import Job, JobFailed
from scheduler.letters import Letters
from scheduler.settings import SchedulerSettings
from scheduler.watch import JOB as WATCH
from simulator.mailbox import Mailbox
from simulator.wires.smtp import SmtpServer, Trouble


@pytest.fixture
def server():
    server = SmtpServer(Mailbox()).start()
    yield server
    server.stop()


@pytest.fixture
def mailbox(server):
    return server._mailbox


@pytest.fixture
def with_mail(config, server):
    config.write_text(
        config.read_text()
        + '[notify]\nto = "me@example.org"\nfrom = "home@example.org"\n'
        + f'[notify.smtp]\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\ntimeout_s = 2\n'
    )
    return config


@pytest.fixture
def home(with_mail, house):
    """A house with one job that fails, and its letters."""

    def fail(context):
        raise JobFailed("The portal is closed.")

    letters = Letters(SchedulerSettings.load(with_mail))
    return house(Job("thermostats", 3600, fail), *letters.jobs, tell=letters.tell)


def test_a_jobs_trouble_is_one_letter_minutes_later(home, mailbox):
    for _ in range(30):
        home.after(60)
    (letter,) = mailbox.letters()
    assert "The job thermostats failed: The portal is closed." in letter.text


def test_letters_wait_for_a_dead_mail_server_and_it_is_said_once(home, server, mailbox):
    server.trouble = Trouble.TEMPORARY
    said = [sentence for _ in range(20) for one in home.after(60) for sentence in one.sentences]
    assert [sentence for sentence in said if sentence.startswith("A letter waits: mail:me@")] != []
    assert mailbox.letters() == []
    server.trouble = Trouble.NONE
    for _ in range(20):
        home.after(60)
    assert len(mailbox.letters()) == 1


def test_that_the_agent_is_down_comes_by_mail_and_so_does_its_return(with_mail, house, agent, mailbox):
    letters = Letters(SchedulerSettings.load(with_mail))
    home = house(WATCH, *letters.jobs, tell=letters.tell)
    agent.ok = False
    for _ in range(10):
        home.after(60)
    agent.ok = True
    for _ in range(10):
        home.after(60)
    down, back = mailbox.letters()
    assert "The agent runs, but decides nothing" in down.text
    assert "The agent answers again." in back.text


def test_a_tick_of_cron_delivers_what_a_script_put_into_the_outbox(with_mail, mailbox):
    letters = Letters(SchedulerSettings.load(with_mail))
    letters.tell(event_of("agent_down", "The agent is silent.", at_wall=now_utc() - timedelta(hours=1)))
    assert main(["tick", "--config", str(with_mail)]) in (0, 1)
    assert [letter.subject for letter in mailbox.letters()] == ["sunward: The agent is silent."]


def test_nobody_to_write_to_means_no_job_and_no_outbox(config, house):
    letters = Letters(SchedulerSettings.load(config))
    assert letters.jobs == []
    assert not (config.parent / "state" / "outbox.db").exists()


def test_a_dry_run_sends_nothing(home, with_mail, house, mailbox):
    letters = Letters(SchedulerSettings.load(with_mail))
    (outcome,) = house(*letters.jobs, dry_run=True).runner.tick()
    assert outcome.sentences == ("would deliver the letters that are due",)
    assert mailbox.letters() == []
