from training.mining import Nearest

TEXTS = ["The ferry sails at nine.", "A lighthouse stands on the island.", "Ferries and a lighthouse.", "Nothing here."]


def test_the_passage_with_most_of_the_questions_words_is_nearest():
    assert Nearest(TEXTS).rank("Where is the lighthouse on the island?", 4)[0] == 1


def test_a_passage_that_shares_no_word_is_not_near():
    assert set(Nearest(TEXTS).rank("lighthouse ferry", 4)) == {0, 1, 2}


def test_there_may_be_no_passages():
    assert Nearest([]).rank("anything", 3) == []
