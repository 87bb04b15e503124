"""What English words tell of a sentence or a name: that it leans on another, that it is a date, a sum, an office."""

from __future__ import annotations

import re

from rag.evals.making.verbs import words

# "the storm", "the bill": which one, only the article says, unless more is said of it.
_BARE = (
    "island|storm|attack|mayhem|crash|shooting|fire|law|bill|program|programme|project|plan|site|"
    "building|victims?|suspects?|defendants?|book|show|film|movie|season|game|match|campaign|meeting|"
    "conference|ceremony|special|deal|agreement|proposal|order|ruling|trial|hearing|investigation|"
    "disaster|outbreak|legislation|measure|role|job|post|position|nomination|award|prize|work|effort|"
    "process|change|changes|number|figure|total|money|family|couple|house|home|street|town|village|"
    "club|league|association|organi[sz]ation|agency|department|court|judge|jury|crime|murder|death|"
    "deaths|killing|killings|protest|protests|strike|explosion|virus|vaccine|drug|product|device|car|"
    "plane|aircraft|flight|ship|vessel|train|bus|road|bridge|center|centre|school|university|hospital|"
    "church|network|channel|paper|newspaper|magazine|album|song|series|episode|tournament|event|race|"
    "vote|letter|news|crisis|conflict|briefing|speech|interview|article|survey|poll|research|findings|"
    "results?|data|announcement|situation|problem|issue"
)
# What points at a moment, a place, a speaker or a thing outside of the sentence.
_POINTING = (
    r"I|me|my|mine|we|us|our|ours|you|your|yours|this|these|those|here|there|now|today|yesterday|tomorrow|tonight|ago|"
    r"earlier|later|then|such|another|others?|however|meanwhile|instead|so far|"
    r"(?:last|next|past|previous|following) (?:week|month|year|night|day|summer|winter|spring|autumn|fall|season|time)"
)
# What leans on something said elsewhere too, unless the sentence itself has said it.
_REFERRING = (
    r"he|she|him|her|hers|his|they|them|their|theirs|it|its|itself|himself|herself|themselves|also|too|both|former|"
    r"latter|same|recently|currently|the (?:man|woman|two|three|pair|company|group|city|country|area|region|move|"
    rf"decision|study|report|incident|team|statement|case|state)|the (?:{_BARE})(?! (?:of|in|at|on|that|who|for|to|"
    r"with|near|from|between|against|over)\b)"
)
_POINTS = re.compile(rf"\b(?:{_POINTING})\b", re.IGNORECASE)
_LEANS = re.compile(rf"\b(?:{_POINTING}|{_REFERRING})\b", re.IGNORECASE)


def points(text: str) -> bool:
    """Whether a text points at a moment, a place or a speaker: "last week", "here", "we"."""
    return any(_is_word(found[0]) for found in _POINTS.finditer(text))


def leans(text: str) -> bool:
    """Whether a text points, or has a pronoun or a bare "the storm" that something before it must explain."""
    return any(_is_word(found[0]) for found in _LEANS.finditer(text))


def _is_word(text: str) -> bool:
    """Not an abbreviation, such as "US" or "IT"."""
    return not text.isupper() or text == "I"


# Of these, what may point back at the person who is asked for: "Who announced his resignation?"
OF_THE_SUBJECT = re.compile(r"\b(?:he|she|his|her|him|himself|herself|its|their|it|they)\b")
# And what may point back at a subject that the question names: "When did Quill announce her resignation?"
OWNED = re.compile(r"\b(?:his|her|its|their)\b")

MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
# A day, a month or a year, as it is written after "on" or "in".
DATE = (
    rf"(?:[Oo]n (?:(?:{DAYS}),? )?(?:\d{{1,2}} (?:{MONTHS})|(?:{MONTHS}) \d{{1,2}}(?:st|nd|rd|th)?)(?:,? \d{{4}})?"
    rf"|[Ii]n (?:early |late |mid-)?(?:{MONTHS})(?: (?:of )?\d{{4}})?|[Ii]n (?:early |late |mid-)?(?:1[5-9]|20)\d\d)"
)
_SMALL = (
    "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|"
    "nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
)
NUMBER = rf"(?:\d{{1,3}}(?:,\d{{3}})+|\d+(?:\.\d+)?|(?i:{_SMALL}))(?: (?:hundred|thousand|million|billion))?"
ABOUT = r"(?i:more than|at least|about|around|some|nearly|almost|over|up to|approximately|fewer than|less than|roughly)"
MONEY = r"(?:US|A|C|NZ)?[$£€]\s?\d+(?:[\d,.]*\d)?(?:\s?(?:m|bn|k|million|billion|trillion)\b)?"

# The last word of what a person is by trade or office.
ROLE = (
    "adviser|advisor|ambassador|analyst|archbishop|architect|artist|attorney|author|bishop|captain|chair|chairman|"
    "chairperson|chairwoman|chancellor|chief|chief executive|clerk|coach|commander|commissioner|congressman|"
    "congresswoman|co-founder|cofounder|co-owner|coordinator|councillor|councilman|councilor|councilwoman|counsel|"
    "curator|dean|deputy|designer|detective|director|economist|editor|engineer|executive|farmer|founder|general|"
    "governor|head|historian|inspector|investigator|journalist|judge|lawyer|leader|lecturer|librarian|manager|mayor|"
    "minister|musician|novelist|officer|owner|physician|pilot|premier|president|principal|producer|professor|"
    "prosecutor|psychologist|publisher|rector|representative|researcher|resident|scientist|secretary|senator|sheriff|"
    "singer|skipper|spokesman|spokesperson|spokeswoman|strategist|superintendent|surgeon|surveyor|teacher|treasurer|"
    "vice president|writer|CEO|CFO"
)
# A name with one of these words is of no person.
OF_NO_PERSON = words(
    """
    A Academy Act After Agency Agreement Airline Airlines Airport Americans An And April Army As Assembly
    Association At August Authority Avenue Bank Bay Beach Before Bill Board Brands Bridge Bureau But Center
    Centre Chamber Church City Club College Commission Committee Company Conference Congress Corp Corporation
    Council County Court Cup December Department District Dr East February Federation Festival For Force Forces
    Foundation Friday Fund Gov Government Group Harbor Harbour Health High Hill Hospital Hotel House In Inc
    Institute International Island Islands January July June Kingdom Lake League Library Limited Ltd Mail March
    May Medical Ministers Ministry Monday Motors Mount Mountain Museum National Nations New News North November
    October Office Officials On Organisation Organization Palace Park Parliament Party Plan Police Port Post
    Presidents Press Prize Region Rep Representatives Reps Reserve River Road Royal Saturday School Sea Sen
    Senate Senators Sens September Service Services Since Society South Square Stadium State States Station
    Street Studios Sunday Supreme Team The Thursday Times Tower Town Trust Tuesday Union United University
    Valley Village Wall War Wednesday West When While White World Yard Zoo
    """
)
# What kind of thing a name is, by its last word.
_CALLED = words(
    """
    Academy Agency Association Authority Bank Charity Church Club College Commission Committee Company Council
    Court Department Federation Foundation Hospital Hotel Institute League Ministry Museum Party School Society
    Trust Union University
    """
)
WHICH = {word: word.lower() for word in _CALLED} | {
    "Administration": "agency",
    "Airlines": "airline",
    "Bureau": "agency",
    "Corp": "company",
    "Corporation": "company",
    "Inc": "company",
    "Ltd": "company",
}
COUNTRIES = words(
    """
    Afghanistan Albania Algeria Angola Argentina Armenia Australia Austria Azerbaijan Bahrain Bangladesh Belarus
    Belgium Bolivia Botswana Brazil Britain Bulgaria Cambodia Cameroon Canada Chad Chile China Colombia Croatia
    Cuba Cyprus Denmark Ecuador Egypt Estonia Ethiopia Fiji Finland France Germany Ghana Greece Guatemala Haiti
    Honduras Hungary Iceland India Indonesia Iran Iraq Ireland Israel Italy Jamaica Japan Jordan Kazakhstan
    Kenya Kosovo Kuwait Laos Latvia Lebanon Liberia Libya Lithuania Luxembourg Malaysia Mali Malta Mexico
    Moldova Mongolia Montenegro Morocco Mozambique Myanmar Namibia Nepal Netherlands Nicaragua Niger Nigeria
    Norway Oman Pakistan Panama Paraguay Peru Philippines Poland Portugal Qatar Romania Russia Rwanda Senegal
    Serbia Singapore Slovakia Slovenia Somalia Spain Sudan Sweden Switzerland Syria Taiwan Tanzania Thailand
    Tunisia Turkey Uganda Ukraine Uruguay Uzbekistan Venezuela Vietnam Yemen Zambia Zimbabwe
    """
)

# American states, without those that are also a person or a country.
STATES = words(
    """
    Alabama Alaska Arizona Arkansas California Colorado Connecticut Delaware Florida Hawaii Idaho Illinois
    Indiana Iowa Kansas Kentucky Louisiana Maine Maryland Massachusetts Michigan Minnesota Mississippi Missouri
    Montana Nebraska Nevada Ohio Oklahoma Oregon Pennsylvania Tennessee Texas Utah Vermont Virginia Wisconsin
    Wyoming
    """
)

_FUNCTION_WORDS = words("a and are as at be by for from has have in is it of on that the to was with")


def is_english(text: str) -> bool:
    """Whether one word in seven of the text is one that only English is full of."""
    found = text[:2_000].lower().split()
    return 7 * sum(word in _FUNCTION_WORDS for word in found) >= len(found) > 0
