import pytest
from test_comparisons import a_run

from index.errors import UsageError
from rag.__main__ import main
from rag.evals.runs import save


@pytest.mark.parametrize("margin", ["nan", "-3", "5"])
def test_a_margin_that_is_no_share_is_a_usage_error(tmp_path, margin):
    save(a_run(1.0, 0.0), tmp_path / "a.json")
    with pytest.raises(UsageError, match="--margin is"):
        main(["eval", "compare", str(tmp_path / "a.json"), str(tmp_path / "a.json"), f"--margin={margin}"])
