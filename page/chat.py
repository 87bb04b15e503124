"""The chat: a question, and under it the answer with its footnotes or the refusal with what came nearest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from index.records import Hit
from page.filters import implied_html
from page.language import ENGLISH, later, say, short
from page.phrases import credit, looked_through, missing, restriction, seconds
from page.words import file_name, lang_html, plain, tell, together, told_html
from rag.answers import Answer, Citation, Sentence
from rag.wording import NEAREST, clipped, glimpse, heading, refused, reserve

# Characters of a quote that are shown before it is opened.
PEEK = 320


@dataclass(frozen=True, slots=True)
class Turn:
    """A question with its answer, or with the sentence that says what went wrong; neither while it is looked for.

    `number` counts from 1 in a conversation, and is in the links of its answer; `conversation` is the id of that.
    `marked` says that the answer was marked as wrong.
    """

    number: int
    question: str
    answer: Answer | None = None
    trouble: str = ""
    conversation: str = ""
    marked: bool = False


def messages(turns: Sequence[Turn]) -> list[dict[str, str]]:
    """The conversation as the Chatbot takes it."""
    drawn = []
    for turn in turns:
        drawn.append({"role": "user", "content": f'<span class="asked">{plain(turn.question)}</span>'})
        drawn.append({"role": "assistant", "content": reply_html(turn)})
    if turns and turns[-1].answer:
        drawn[-1]["content"] += more_html(turns[-1].answer)
    if turns and turns[0].number > 1:
        dropped = tell("Older questions are no longer kept.")
        drawn[0]["content"] = f'<span class="dropped">{dropped}</span>{drawn[0]["content"]}'
    return drawn


def reply_html(turn: Turn) -> str:
    """What stands under a question: the answer, the trouble, or that it is being looked for."""
    if turn.answer and turn.answer.done:
        return answer_html(turn.number, turn.answer) + acts_html(turn)
    if turn.answer and not (turn.answer.begun or turn.answer.early):
        return f'<p class="waiting">{plain(stage_line(turn.answer))}</p>'
    if turn.answer and turn.answer.early:
        more = f'<p class="waiting">{plain(say("Reading what else was found"))}</p>'
        # Its numbers lead nowhere yet, and may be others in a moment.
        return f'<div class="growing" inert>{answer_html(turn.number, turn.answer)}</div>{more}'
    if turn.answer:
        return f'<div class="growing">{answer_html(turn.number, turn.answer)}</div>'
    if turn.trouble:
        return f'<p class="trouble">{told_html(turn.trouble)}</p>{acts_html(turn)}'
    return f'<p class="waiting">{tell("Looking through your articles")}</p>'


def stage_line(answer: Answer) -> str:
    """What has been done so far, and what is done now."""
    now = say("Writing") if answer.timings.get("write") is not None else say("Reading what was found")
    return f"{_searched_line(answer)}\n{now}"


def _searched_line(answer: Answer) -> str:
    took = seconds(answer.timings.get("total", sum(answer.timings.values())))
    return say("Searched {what} · {took}", what=looked_through(answer.searched), took=took)


def more_html(answer: Answer) -> str:
    """What may be asked next."""
    asks = asks_html(answer.offers)
    return f'<ul class="more" aria-label="{tell("Ask next")}">{asks}</ul>' if asks else ""


def asks_html(questions: Sequence[str]) -> str:
    """Questions that are offered, each a line of a list; script.js asks the one that is followed.

    They are of a kind that can be answered, so they stay as they are.
    """
    return "".join(
        f'<li><a class="example" href="#ask-{n}"{lang_html(ENGLISH)}>{plain(text)}</a></li>'
        for n, text in enumerate(questions)
    )


def acts_html(turn: Turn) -> str:
    """What can be done with a turn: take its answer along, ask its question in other words, name it to someone."""
    kept = (
        {"copy": later("Copy with footnotes"), "link": later("Copy link")} if turn.answer and turn.conversation else {}
    )
    reworded = (
        {"reword": later("Edit what was searched for")} if turn.answer and _searched_otherwise(turn.answer) else {}
    )
    wrong = {"unmark": later("Marked as wrong. Take back")} if turn.marked else {"mark": later("Mark as wrong")}
    acts = {**kept, "edit": later("Edit question"), **reworded, **(wrong if turn.answer else {})}
    links = "".join(f'<a href="#{act}-{turn.number}">{tell(said)}</a>' for act, said in acts.items())
    return f'<p class="acts">{links}</p>'


def _searched_otherwise(answer: Answer) -> bool:
    return answer.searched_for != answer.question.text


def answer_html(turn_number: int, answer: Answer) -> str:
    """The answer with its footnotes, or the refusal with the nearest passages, and what was searched."""
    drawn = refusal_html(turn_number, answer) if answer.refusal else quoted_html(turn_number, answer)
    note = f'<p class="note">{told_html(answer.note)}</p>' if answer.note else ""
    return f'<div class="answer">{note}{drawn}{searched_html(answer)}</div>'


def quoted_html(turn_number: int, answer: Answer) -> str:
    """The sentences, each followed by its numbers, and the list of footnotes."""
    told = {citation.number: citation for citation in answer.citations}
    spoken = languages(answer)
    drawn = [sentence_html(turn_number, sentence, told, spoken) for sentence in answer.sentences]
    if answer.pending:
        drawn.append(f'<span class="pending">{plain(answer.pending)}</span>')
    notes = "".join(note_html(turn_number, c, spoken.get(c.passage_id)) for c in answer.citations)
    said = f'<p class="said">{" ".join(drawn)}</p>'
    if over := heading(answer):
        days = [short(told[s.citations[0]].published) if s.citations else "" for s in answer.sentences]
        rows = "".join(f"<li><i>{plain(together(day))}</i>{one}</li>" for day, one in zip(days, drawn, strict=True))
        said = f'<p class="differ">{told_html(over)}</p><ul class="said apart">{rows}</ul>'
    return f'{said}<ul class="notes">{notes}</ul>'


def languages(answer: Answer) -> dict[str, str | None]:
    """The language of the article that each passage is from, where that is known."""
    return {hit.passage.id: hit.article.language for hit in answer.hits}


def sentence_html(
    turn_number: int, sentence: Sentence, told: dict[int, Citation], spoken: dict[str, str | None] | None = None
) -> str:
    """One sentence and its numbers; one that is not borne out by them, or has none, says so.

    `spoken` has the languages of the passages: a sentence is in that of what it quotes.
    """
    said = f" <small>({told_html(reserve(sentence))})</small>" if reserve(sentence) else ""
    spoken = spoken or {}
    if not sentence.citations:
        return f'<span class="unsupported">{plain(sentence.text)}{said}</span>'
    links = "".join(_link_html(turn_number, told[n], spoken) for n in sentence.citations)
    # Not broken between, so that no number stands alone on a line.
    kind = "sentence doubted" if said else "sentence"
    lang = lang_html(spoken.get(told[sentence.citations[0]].passage_id))
    text = f"<span{lang}>{marked_html(sentence)}</span>" if lang else marked_html(sentence)
    return f'<span class="{kind}">{text}&#160;{links}{said}</span>'


def _link_html(turn_number: int, citation: Citation, spoken: dict[str, str | None]) -> str:
    """The number of a citation, which leads to its place."""
    peek = peek_html(citation, spoken.get(citation.passage_id))
    return f'<a class="cite" href="#cite-{turn_number}-{citation.number}">&#91;{citation.number}&#93;{peek}</a>'


def peek_html(citation: Citation, spoken: str | None = None) -> str:
    """What a number shows when it is pointed at or reached by the keyboard: the quote, and where it stands."""
    quote, lang = plain(clipped(citation.quote, PEEK)), lang_html(spoken)
    said = f"<span{lang}>{quote}</span>" if lang else quote
    return f'<span class="peek">{said}<i>{plain(credit(citation))}</i></span>'


def marked_html(sentence: Sentence) -> str:
    """The text of a sentence, the short answer in it marked."""
    if not sentence.mark:
        return plain(sentence.text)
    start, end = sentence.mark
    return f"{plain(sentence.text[:start])}<mark>{plain(sentence.text[start:end])}</mark>{plain(sentence.text[end:])}"


def note_html(turn_number: int, citation: Citation, spoken: str | None = None) -> str:
    """One footnote: number, title, author if there is one, page if there is one, date."""
    page = together(say("p. {page}", page=citation.page)) if citation.page else None
    about = plain(
        " · ".join(filter(None, [citation.author, page, together(short(citation.published)), *also(citation)]))
    )
    return (
        f'<li><a class="cite" href="#cite-{turn_number}-{citation.number}">&#91;{citation.number}&#93;</a> '
        f"<span><b{lang_html(spoken)}>{plain(citation.title)}</b> <i>{about}</i></span></li>"
    )


def also(citation: Citation) -> list[str]:
    """'also in evening-post.html': where the same passage was published too."""
    names = [file_name(copy.source) for copy in citation.also]
    return [say("also in {places}", places=", ".join(names))] if names else []


def refusal_html(turn_number: int, answer: Answer) -> str:
    """That there is no answer, and the passages that came nearest."""
    said = f'<p class="refusal">{told_html(refused(answer))}</p>{advice_html(answer)}'
    near = "".join(_near_html(f"near-{turn_number}-{n}", answer, hit) for n, hit in enumerate(answer.hits[:NEAREST], 1))
    return said + (f'<p class="nearest">{tell("Nearest passages:")}</p><ul class="nears">{near}</ul>' if near else "")


def _near_html(name: str, answer: Answer, hit: Hit) -> str:
    """One of those passages."""
    article, lang = hit.article, lang_html(hit.article.language)
    return (
        f'<li><a class="near" href="#{name}"><b{lang}>{plain(article.title)}</b> '
        f"<i>{plain(together(short(article.published)))}</i><span{lang}>{glimpse_html(answer, hit)}</span></a></li>"
    )


def advice_html(answer: Answer) -> str:
    """What to add or to ask where no article has a word of the question."""
    lacking = missing(answer)
    advice = tell("Add articles about it, or ask in other words.")
    return f'<p class="advice">{plain(lacking)} {advice}</p>' if lacking else ""


def glimpse_html(answer: Answer, hit: Hit) -> str:
    """A piece of a passage, around what comes nearest to an answer where that is known."""
    before, at, behind = glimpse(answer, hit)
    lit = f"<mark>{plain(at)}</mark>" if at else ""
    return f"{plain(before)}{lit}{plain(behind)}"


def searched_html(answer: Answer) -> str:
    """One quiet line: what was searched, for what, and how long it took."""
    if not answer.searched.articles:
        return ""
    line = _searched_line(answer)
    said = plain(f"{line} · {restriction(answer)}" if answer.question.only else line)
    if _searched_otherwise(answer):
        searched = f'<span class="searched-for">{plain(answer.searched_for)}</span>'
        said += f"{plain(chr(10))}{tell('Searched for:')} {searched}"
    return f'<p class="searched">{said}</p>{implied_html(answer.implied)}'
