"""The steps of `./sunward setup`, one file each, and what they stand on.

    talk.py       asking, whoever answers: terminal.py is a person, answers.py a file
    given.py      what a person has answered so far, proposed again
    draft.py      what the two files will say; sheet.py edits their text and keeps what it does not know
    house.py bus.py meters.py tariff.py forecast.py tesla.py powerwall.py thermostats.py letters.py page.py
                  one step each, in this order; account.py signs in for tesla.py, ways.py and cars.py
                  write [[cars]], running.py asks an agent that runs, gateway.py is the Powerwall at home
    read.py       what people type; peaks.py asks for times, places.py guesses by the time zone
    trouble.py    telling what does not work
    files.py      showing and writing

A step only changes the draft. Nothing is written before everything was shown.
"""
