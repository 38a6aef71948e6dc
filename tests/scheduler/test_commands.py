"""The one-shot commands as people and cron type them, against an agent over real HTTP."""

import pytest

from scheduler.__main__ import main

NIGHT = {"name": "night", "days": "daily", "from": "21:30", "to": "07:15", "mode": "fast", "amps": 16.0}
NIGHT |= {"charger": "", "enabled": True, "until": None}


@pytest.fixture
def scheduler(config, capsys):
    def run(line):
        code = main([*line.split(), "--config", str(config)])
        told = capsys.readouterr()
        return code, (told.out + told.err).strip()

    return run


# --- windows ---------------------------------------------------------------------------------------


def test_a_window_is_switched_off_and_on(scheduler, agent):
    agent.windows = [NIGHT]
    assert scheduler("window night off") == (0, "The window night is off.")
    assert agent.windows == [NIGHT | {"enabled": False}]
    assert scheduler("window Night on") == (0, "The window night is on.")
    assert agent.windows == [NIGHT]


def test_repeating_a_command_changes_nothing(scheduler, agent):
    agent.windows = [NIGHT]
    assert scheduler("window night on") == (0, "The window night is on already.")
    assert scheduler("window night set from=21:30 amps=16") == (0, "The window night is so already.")
    assert {method for method, _ in agent.calls} == {"GET"}


def test_a_season_moves_a_window_and_keeps_the_rest(scheduler, agent):
    agent.windows = [NIGHT]
    assert scheduler("window night set from=23:00 --to 06:00 --amps none") == (
        0,
        "The window night is set: daily 23:00-06:00, fast, on every charger.",
    )
    assert agent.windows == [NIGHT | {"from": "23:00", "to": "06:00", "amps": None}]


def test_a_new_window_needs_all_that_a_window_needs(scheduler, agent):
    code, told = scheduler("window noon set from=12:00")
    assert code == 1
    assert [line.split()[2] for line in told.splitlines()] == ["(noon).days:", "(noon).to:", "(noon).mode:"]
    assert scheduler("window noon set days=sat,sun from=12:00 to=14:00 mode=solar charger=3201") == (
        0,
        "The window noon is set: sat,sun 12:00-14:00, solar, on 3201.",
    )


def test_a_window_is_removed(scheduler, agent):
    agent.windows = [NIGHT]
    assert scheduler("window night remove") == (0, "The window night is removed.")
    assert agent.windows == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("window day on", "There is no window 'day'; there is: night."),
        ("window night on amps=16", "to change values write: window night set"),
        ("window night set", "Say what to set, like: window night set"),
        ("window night set amps", "'amps' is no setting of a window: write key=value"),
        ("window night set name=day", "is no setting of a window"),
        ("window night set amps=lots", "amps must be a number, not 'lots'."),
        ("window night set amps=90", "amps lie between 6 and 80"),
        ("window night set days=mo-fr", "'mo' is no day"),
        ("window night set charger=9999", "There is no such charger."),
    ],
)
def test_what_cannot_be_is_one_sentence(scheduler, agent, line, says):
    agent.windows = [NIGHT]
    code, told = scheduler(line)
    assert (code, told.count("\n")) == (1, 0)
    assert says in told
    assert agent.windows == [NIGHT]


def test_windows_are_listed(scheduler, agent):
    assert scheduler("windows") == (0, "no windows")
    agent.windows = [NIGHT | {"enabled": False, "charger": "Garage"}]
    listed = "night: daily 21:30-07:15, fast with 16 A, on Garage, switched off"
    assert scheduler("windows") == (0, listed)


# --- mode and boost --------------------------------------------------------------------------------


def test_the_house_s_mode(scheduler, agent):
    assert scheduler("mode fast") == (0, "The house is in mode fast.")
    assert agent.mode == "fast"
    assert scheduler("mode fast") == (0, "The house is in mode fast already.")


def test_one_charger_s_mode_by_its_name(scheduler, agent):
    assert scheduler("mode off --charger garage") == (0, "Garage is in mode off.")
    assert (agent.own_mode, agent.mode) == ("off", "solar")
    assert scheduler("mode default --charger 3201") == (0, "Garage follows the settings.")
    assert agent.own_mode is None


def test_a_boost_and_its_end(scheduler, agent):
    assert scheduler("boost --amps 16 --for 1h30m --to-soc 80% --charger Garage") == (0, "Garage is boosted.")
    assert agent.boost == {"amps": 16.0, "for_s": 5400.0, "to_soc_percent": 80.0, "charger": "3201"}
    assert scheduler("boost --until 07:15") == (0, "Every charger is boosted.")
    assert agent.boost == {"until": "07:15"}
    assert scheduler("boost off") == (0, "Every charger is not boosted any more.")
    assert agent.boost is None


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("mode default", "The house always has a mode"),
        ("mode fast --charger Shed", "There is no charger 'Shed'; there is: 3201 (Garage)."),
        ("boost --for soon", "'soon' is no length of time: write 2h, 90m or 1h30m."),
        ("boost --for 0m", "is no length of time"),
        ("boost --amps x", "amps must be a number"),
        ("boost --amps inf", "amps must be a number, not 'inf'."),
        ("boost --to-soc nan", "to-soc must be a number, not 'nan'."),
        (f"boost --for {'9' * 400}h", "is no length of time"),
    ],
)
def test_a_wrong_wish_is_one_sentence(scheduler, line, says):
    code, told = scheduler(line)
    assert (code, says in told) == (1, True)


def test_a_dry_run_says_what_it_would_do(scheduler, agent):
    agent.windows = [NIGHT]
    assert scheduler("mode fast --dry-run") == (0, 'would ask the agent: PUT /mode {"mode": "fast"}')
    assert "would ask the agent: DELETE /windows/night" in scheduler("window night remove --dry-run")[1]
    assert (agent.mode, agent.windows) == ("solar", [NIGHT])


# --- looking, jobs, troubles -----------------------------------------------------------------------


def test_the_house_in_a_few_lines(scheduler):
    code, told = scheduler("status")
    assert code == 0
    assert told.splitlines() == [
        "mode solar; sun 5.2 kW, house 0.4 kW, grid -0.1 kW, chargers 3.7 kW",
        "Garage: offers 16 A, draws 15.5 A. Enough sun for 16 A.",
        "window next: night (fast), from 2026-06-10T21:30:00+02:00",
    ]


def test_one_job_by_its_name(scheduler):
    assert scheduler("watch") == (0, "watch: all is as it should be")


def test_a_tick_with_nothing_to_say_says_nothing(scheduler):
    assert scheduler("tick") == (0, "")
    assert scheduler("tick") == (0, "")


def test_a_word_that_is_no_command_lists_those_that_are(scheduler):
    code, told = scheduler("frobnicate")
    assert code == 1
    assert "There is no command or job 'frobnicate'" in told
    assert "watch" in told


def test_the_jobs_are_listed(scheduler):
    assert scheduler("jobs")[1].startswith("watch")


def test_settings_that_are_not_there_are_one_line(tmp_path, capsys):
    assert main(["tick", "--config", str(tmp_path / "none.toml")]) == 1
    assert "does not exist. Copy sunward.example.toml there" in capsys.readouterr().err


def test_an_agent_that_is_not_there_is_one_line(tmp_path, capsys):
    (tmp_path / "sunward.toml").write_text('[web]\nlisten = "127.0.0.1:1"\n')
    assert main(["mode", "fast", "--config", str(tmp_path / "sunward.toml")]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_mode_that_does_not_exist_hears_which_ones_do(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["mode", "turbo"])
    told = capsys.readouterr().err
    assert "invalid choice: 'turbo'" in told
    assert "solar_min" in told
    assert "Mode." not in told
