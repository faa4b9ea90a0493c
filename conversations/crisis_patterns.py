"""The phrases that are a crisis cue by themselves, in English.

They are written for text that :func:`conversations.crisis.words` has cut up: lower case, one
space between words, no apostrophes, no punctuation. Every gap is bounded, so that matching
takes time linear in the text. Each phrase holds at least one of :data:`TRIGGERS`; no other
part of a turn is searched.
"""

from __future__ import annotations

import re
from typing import Final

_I: Final = r"\b(?:i|im|ive|id|ill|iam)\b "
_MAYBE: Final = r"(?:[a-z0-9]+ )"
_SUICID: Final = r"(?:suicid|sucid|suicd)"
_HURT: Final = (
    r"(?:cut|cutting|hurt|hurting|harm|harming|burn|burning|poison|poisoning|starve|starving"
    r"|injure|injuring|punish|punishing|scratch|scratching|punch|punching|bleed)"
)
_KIN: Final = (
    r"(?:friend|brother|sister|son|daughter|mom|mum|dad|mother|father|husband|wife|boyfriend"
    r"|girlfriend|partner|roommate|bf|gf|ex|cousin|uncle|aunt|child|kid|classmate|student)"
)
_DYING: Final = (
    r"(?:die|dying|be dead|dead|not exist|stop existing|not be alive|cease to exist"
    r"|never wake up|not wake up|unalive|just be gone|disappear forever)"
)

_OWN_DEATH: Final = (
    (
        r"\b(?:kill|killing|killed|hang|hanging|hanged|drown|drowning|unalive|unaliving|off|offing"
        r"|end|ending) (?:my ?self)\b(?! laughing)"
    ),
    r"\b(?:shoot|shooting|shot|stab|stabbing) myself\b(?! in the foot)",
    r"\bkms\b",
    _I + _MAYBE + r"{0,3}(?:want|wants|wanted|wanna|wish|wished|hope|ready|deserve|rather|going"
    r"|gonna|prefer|need|would like|feel like|cant wait|thinking about|think about) "
    rf"{_MAYBE}{{0,3}}{_DYING}\b",
    (
        r"\bwish (?:that )?(?:i|id) (?:was|were|had|could|would|wasnt|werent|didnt|hadnt) "
        rf"{_MAYBE}{{0,3}}(?:dead|die|died|born|exist|existed|wake up|disappear|alive"
        rf"|here anymore)\b"
    ),
    r"\bbetter off (?:if (?:i|im) )?(?:[a-z]+ )?(?:dead|gone|without me)\b",
    (
        r"\b(?:dont|do not|didnt|never|no longer|not) (?:really |even |just )?(?:want|wanna|wish"
        rf"|wanted|care) (?:to |if i )?{_MAYBE}{{0,2}}(?:live|be alive|exist|wake up"
        rf"|be here any ?more"
        r"|be on this earth|keep living|go on living|be in this world|stay alive|continue living)\b"
    ),
    (
        rf"\b(?:no|any|a|zero|single|one|the|whats the) (?:reason|point|purpose) (?:to|in"
        rf"|for|of|left"
        rf" to) {_MAYBE}{{0,2}}(?:live|living|be alive|stay alive|being alive|existing)\b"
    ),
    r"\b(?:nothing|anything|nobody) (?:left )?(?:to|worth) (?:live|living) for\b",
    (
        r"\b(?:end|ending|ended|take|taking|took) my (?:own |fucking |miserable |pathetic "
        r"|worthless"
        r" |stupid )?life\b"
    ),
    r"\b(?:end|ending) (?:it all|my (?:pain|suffering|misery|existence))\b",
    (
        r"\b(?:tired|sick|done|fed up|exhausted) (?:of|with|from) (?:living|being alive|life\b"
        r"(?! insurance)|this life|my life|existing)\b"
    ),
    (
        rf"\b(?:life|living) (?:is|isnt|is not|not|aint|just isnt) {_MAYBE}{{0,2}}worth (?:living"
        r"|it any ?more)\b"
    ),
    (
        r"\b(?:cant|cannot|can not|dont know how to|dont think i can|unable to) (?:go on|keep going"
        r"|take this|live like this|live|keep living|carry on|continue living) ?(?:like this )?"
        r"(?:any ?more|much longer)\b"
    ),
    r"\bif i (?:died|die|was dead|were dead) (?:tonight|tomorrow|today|right now)\b",
    r"\b(?:care|miss me|notice|cry|happier) if i (?:died|was dead|die|were dead|was gone|killed)\b",
    r"\b(?:go|fall) (?:to sleep|asleep) and (?:never|not) wake up\b",
)

_SUICIDE: Final = (
    (
        rf"{_I}{_MAYBE}{{0,6}}{_SUICID}[a-z]*\b(?! (?:prevention|squad|bomb|bombers?|bombing|rates"
        r"|hotline|statistics|doors|mission|rate|note in|in the))"
    ),
    (
        rf"\b{_SUICID}al (?:thoughts|ideation|feelings|urges|plan|plans|tendencies) (?:again|every"
        r"|and i|are|keep|have|lately|since|all)\b"
    ),
    rf"\bmy {_MAYBE}{{0,2}}{_SUICID}[a-z]*\b",
    (
        rf"\b(?:painless|easiest|quickest|peaceful|least painful|best) (?:\w+ )?(?:way|ways|method"
        rf"|methods) (?:to|of|for) {_MAYBE}{{0,1}}(?:die|dying|commit {_SUICID}e|{_SUICID}e)\b"
    ),
)

_SELF_HARM: Final = (
    (
        rf"{_I}{_MAYBE}{{0,4}}(?:want|wants|wanted|wanna|wish|going|gonna|plan|planning|decided"
        r"|deserve|need|rather|try|tried|trying|thinking|think|thought|considering|urge"
        r"|urges|tempted"
        r"|feel like|might|started|keep|been|used|stop|love|like|enjoy) "
        rf"{_MAYBE}{{0,3}}{_HURT} myself\b"
    ),
    (
        rf"\bi (?:am |was |have been |still |always |often |started |keep |just |also |sometimes )?"
        rf"{_HURT} myself (?:again|every|when|because|to feel|to cope|on purpose|last|and"
        rf"|since|so)\b"
    ),
    rf"{_I}{_MAYBE}{{0,8}}self ?(?:harm|injur)[a-z]*\b",
    rf"\bself ?(?:harm|injur)[a-z]* {_MAYBE}{{0,6}}(?:i|im|ive|me|my)\b",
    (
        rf"\b(?:urge|urges|tempted|craving) (?:to|for) {_MAYBE}{{0,2}}(?:cut|cutting"
        rf"|self ?harm|bleed"
        r"|purge|hurt|burn)\b"
    ),
    r"\bmake myself (?:bleed|throw up|puke|vomit|sick|purge)\b",
    r"\b(?:fresh|new|deep|more|the) (?:cuts|scars|cut) on my\b",
    (
        r"\b(?:cuts|scars|cutting) (?:all over|up|on|down|along) my (?:[a-z]+ )?(?:arm|arms|wrist"
        r"|wrists|leg|legs|thigh|thighs|stomach|body|skin|hips)\b"
    ),
    (
        r"\b(?:slit|slitting|cut|cutting|slash|slashing) (?:up )?my (?:own )?(?:wrist|wrists|throat"
        r"|arms|arm|thighs|thigh|legs|veins|skin)\b"
    ),
    (
        r"\bi (?:also |just |still |always |have |had |used to )?(?:cut|cutting) (?:again"
        r"|last night"
        r"|deeper|too deep|because|to feel|to cope|so deep)\b"
    ),
    (
        r"\b(?:clean|free|relapsed|relapsing|relapse) (?:from|on|of|with|into) (?:cutting"
        r"|self ?harm|sh"
        r"|purging)\b"
    ),
    rf"{_I}{_MAYBE}{{0,6}}(?:overdose|overdosed|overdosing|od on)\b",
    (
        r"\b(?:jump|jumping|jumped|step|walk|stepping|walking) (?:off|from|in front of|infront of)"
        r" (?:a|the|my) (?:\w+ )?(?:bridge|roof|building|train|cliff|balcony|bus|truck|ledge)\b"
    ),
)

_SOMEBODY_NEAR: Final = (
    (
        rf"\b(?:my|our) {_MAYBE}{{0,2}}{_KIN}\b {_MAYBE}{{0,6}}(?:suicidal|(?:kill|killing"
        rf"|hang|hurting"
        r"|cutting|harming) (?:himself|herself|themself|themselves)|(?:wants|going) to die"
        rf"|(?:commit|attempt)[a-z]* {_SUICID}e)\b"
    ),
)

CUE: Final = re.compile("|".join((*_OWN_DEATH, *_SUICIDE, *_SELF_HARM, *_SOMEBODY_NEAR)))
"""Any of the phrases."""

_TRIGGERS = """
die died dying dead exist existing existed kms unalive unaliving myself self live living alive
life born disappear gone suicide suicidal sucide sucidal suicd suicides suicidality selfharm
selfharming wake pain suffering misery existence anymore longer without urge urges tempted
craving cuts scars scar cut cutting slit slitting slash slashing relapse relapsed relapsing
clean free overdose overdosed overdosing od jump jumping jumped bridge train cliff roof himself
herself themself themselves harm harming end ending earth world
"""

TRIGGERS: Final = frozenset(_TRIGGERS.split())
"""The words without which no phrase can match."""
