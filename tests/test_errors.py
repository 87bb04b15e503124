import pickle

from index.errors import DamagedIndex, FootnoteError, UsageError


def test_an_error_says_what_is_the_case_and_what_to_do():
    error = FootnoteError("The store is full", "Make room.")
    assert (str(error), error.hint, error.exit_code) == ("The store is full", "Make room.", 1)


def test_a_request_that_cannot_be_meant_has_exit_code_2():
    assert UsageError("No question").exit_code == 2
    assert DamagedIndex("No segment").exit_code == 1


def test_an_error_survives_the_way_to_another_process():
    error = pickle.loads(pickle.dumps(UsageError("No question", "Ask one.")))
    assert (type(error), str(error), error.hint) == (UsageError, "No question", "Ask one.")
