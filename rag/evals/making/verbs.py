"""Forms of English verbs, and which verbs can be asked for what.

Lists, because they can be read and mended; what is in none of them is left alone, so a gap costs a question and makes
no bad one.
"""

from __future__ import annotations

import re


def words(text: str) -> frozenset[str]:
    """The words of a text between white space."""
    return frozenset(text.split())


# Base forms of verbs whose past ends in -ed; "+" marks those that double their last letter.
_REGULAR = """
fund monitor overturn
accelerate accept accompany account accuse achieve acknowledge acquire act activate adapt add address adjust
administer admit+ adopt advance advertise advise advocate affect agree air allege allow amass analyze announce answer
anticipate apologise apologize appear apply appoint approach approve argue arrest arrive ask assert assign assist
assume assure attach attack attempt attend attract authorise authorize average avoid award back ban+ banish base beg+
believe blame blast block board bomb boost borrow breach brief call campaign cancel cancel+ capture carry cause
caution celebrate challenge change characterize charge chase check choke circulate cite claim classify clear climb
close co-found coach cofound collapse collect commission commit+ compile complain complete complicate concede conclude
condemn confirm confront congratulate connect consider contact contain contest continue contribute control+ convert
convict convince cook count cover crash create credit criticise criticize cross crush damage debate debut decide
declare decline defeat defend delay delete deliver demand demolish demonstrate denounce deny deploy descend describe
design designate destroy detain detect devastate develop diagnose die direct disappear disclose discover discuss
dismiss display dispute disrupt distribute divide dominate donate double draft drop+ dub+ earn elect eliminate embrace
emerge emphasize employ enact encourage end endorse engage enrol+ enroll enter erupt escape escort establish estimate
evacuate evolve examine exceed execute expand expect experience explain explode express extend face fail feature file
fill finalize fine finish fire fix flood follow force form found fuel gain garner gather generate graduate grant greet
guide hail halt halve hand handle happen hate head help highlight hire honor honour host identify implement import
impose imprison improve inaugurate include increase indicate indict induct inform injure insist inspect inspire
install intensify interview introduce invade invent invest investigate invite involve issue jail join jump kick
kidnap+ kill knock label lack land last launch learn legalise legalize license lift limit link list live lobby locate
lock look loot lower maintain manage march mark marry measure mention merge miss model mount move murder name need
nominate note notice notify observe obtain occupy occur+ offer open operate oppose opt+ order organise organize oust
outline own paint pardon park participate pass pause peak perform permit+ pick pitch place plan+ plant play plead
pledge plummet plunge point poll portray pose possess post postpone pour praise predict prepare present press prevail
prevent price print produce prohibit project promise promote prompt propose prosecute protect protest prove provide
publish pull punish purchase push qualify question quote raid raise rally rank rate reach react realise realize recall
receive recognise recognize recommend record recount recover reduce refer+ reflect refuse register reiterate reject
relate release relocate remain remind remove rename renew rent reopen repair repeat replace reply report represent
request require rescue reserve resign resist resolve respond rest restore result resume retain retire retrieve return
reveal reverse review revive rip+ rob+ rock roll rule rush sack sail save score scrap+ search secure seize select
sentence separate serve settle share shatter shift ship+ shock shop+ show sign signal signal+ skip+ skyrocket slam+
slap+ slash slow snap+ soar spark spike sponsor stage start state stay stop+ store storm strengthen stress strip+
struggle study submit+ subpoena succeed suffer suggest supply support surpass surprise surrender survey survive
suspend switch talk tap+ target tax test testify thank threaten tie tighten top+ toss total+ touch tour tout trace
track trade train transfer+ transform travel travel+ treat trigger try tumble turn uncover unite unveil update urge
use vaccinate verify veto view violate visit vote vow wait walk want warn wash watch weaken weigh welcome widen wipe
wish withhold witness work worry worsen
"""
# The base, the past and the participle.
_IRREGULAR = """
be was been, bear bore born, beat beat beaten, become became become, begin began begun, bid bid bid, bind bound bound,
bite bit bitten, blow blew blown, break broke broken, bring brought brought, build built built, rebuild rebuilt
rebuilt, burn burned burnt, buy bought bought, catch caught caught, choose chose chosen, come came come, cost cost
cost, cut cut cut, deal dealt dealt, do did done, draw drew drawn, drink drank drunk, drive drove driven, eat ate
eaten, fall fell fallen, feel felt felt, fight fought fought, find found found, flee fled fled, fly flew flown, forbid
forbade forbidden, forget forgot forgotten, freeze froze frozen, get got got, give gave given, go went gone, grow grew
grown, hear heard heard, hide hid hidden, hit hit hit, hold held held, hurt hurt hurt, keep kept kept, know knew
known, lay laid laid, lead led led, leave left left, lend lent lent, let let let, lose lost lost, make made made, mean
meant meant, meet met met, overcome overcame overcome, oversee oversaw overseen, pay paid paid, put put put, quit quit
quit, read read read, ride rode ridden, ring rang rung, rise rose risen, run ran run, say said said, see saw seen,
seek sought sought, sell sold sold, send sent sent, set set set, shake shook shaken, shoot shot shot, shut shut shut,
sing sang sung, sink sank sunk, sit sat sat, sleep slept slept, speak spoke spoken, spend spent spent, split split
split, spread spread spread, stand stood stood, steal stole stolen, stick stuck stuck, strike struck struck, sue sued
sued, swear swore sworn, swim swam swum, take took taken, teach taught taught, tell told told, think thought thought,
throw threw thrown, undergo underwent undergone, understand understood understood, wear wore worn, win won won,
withdraw withdrew withdrawn, write wrote written
"""
AUXILIARIES = words(
    """
    are can could did do does had has have is may might must should was were will would
    """
)


def _past_of(base: str) -> str:
    verb = base.rstrip("+")
    if base.endswith("+"):
        return f"{verb}{verb[-1]}ed"
    if verb.endswith("e"):
        return f"{verb}d"
    return f"{verb[:-1]}ied" if re.search(r"[^aeiou]y$", verb) else f"{verb}ed"


_ROWS = [row.split() for row in _IRREGULAR.split(",")]
# The base of a past form ("fell" is "fall"), without "was", which is turned as it is.
PAST = {_past_of(base): base.rstrip("+") for base in _REGULAR.split()} | {
    past: base for base, past, _ in _ROWS if base not in {"be", "do"}
}
PAST_OF_PARTICIPLE = {_past_of(base): _past_of(base) for base in _REGULAR.split()} | {
    participle: past for _, past, participle in _ROWS
}
PARTICIPLES = PAST_OF_PARTICIPLE.keys()
FINITE = AUXILIARIES | PAST.keys()
BE = words("was were is are")
# Forms that are as often a noun or an adjective: never taken for the verb of a sentence.
UNSURE = words(
    """
    based born called cost cut fine found hit hurt known left let located named needed put quit read set shut
    split spread used
    """
)

# Verbs that say in the present how somebody is. Others stand in captions: "Quill speaks at the quay on Monday."
LASTING = words(
    """
    believes expects faces heads hopes knows leads lives needs opposes owns plans remains represents runs says
    serves supports thinks wants works
    """
)

SHOWN = LASTING | words("arrives attends holds leaves looks meets poses sits speaks stands talks walks waves")
# Verbs that are asked for what they take, "What did the trust buy?", and for what is to be done.
TAKES = words(
    """
    acquire announce approve award back ban block break build buy cancel capture carry cause claim close collect
    create defend deliver demand deny deploy design destroy develop discover discuss donate draft earn enact
    establish examine fund host impose inspect install introduce investigate invite join launch lift measure
    monitor offer open oppose order organise organize overturn own postpone present produce prohibit propose
    publish purchase raise receive recommend reject release rename reopen repair replace request restore reveal
    review seek sell send sentence sign start steal study submit support suspend target test unveil use visit
    win withdraw write
    """
)

TO_DO = words("agree ask choose decide offer plan pledge promise propose refuse threaten try urge vote vow want")
# Verbs of saying: when somebody said something is not when it happened.
NO_EVENT = words("said told expected added wrote warned argued noted asked")
