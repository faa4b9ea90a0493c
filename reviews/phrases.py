"""Labels as they stand within a sentence: phrases of their own. Pure.

A label made small is right in few languages but English: German keeps the capitals of nouns, and
elsewhere the word takes another form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from conversations.vocabulary import Category, Remedy, Standing
from policies import evaluation
from reviews.vocabulary import Area, CaseState, Judgement, PolicyFollowed, Reason

#: Said of a case: "this case is …".
STATES: Final[Mapping[str, str]] = {
    CaseState.UNSELECTED: _("not selected"),
    CaseState.OPEN: _("open"),
    CaseState.DEFERRED: _("deferred"),
    CaseState.ESCALATED: _("escalated"),
    CaseState.SECOND_REVIEW: _("second review"),
    CaseState.ADJUDICATION: _("adjudication"),
    CaseState.SETTLING: _("settling"),
    CaseState.SETTLED: _("settled"),
    CaseState.CLOSED: _("closed"),
}
#: Of a team, and of what one is qualified for.
AREAS: Final[Mapping[str, str]] = {
    Area.CRISIS: _("crisis"),
    Area.CHILD_SAFETY: _("child safety"),
    Area.LEGAL: _("legal"),
    Area.SECURITY: _("security"),
}
#: Beside a decision: "overturn, reopen".
REMEDIES: Final[Mapping[str, str]] = {
    Remedy.REOPEN: _("reopen"),
    Remedy.KEEP_LOCKED: _("keep locked"),
}
STANDINGS: Final[Mapping[str, str]] = {
    Standing.UPHELD: _("upheld"),
    Standing.OVERTURNED: _("overturned"),
}
#: After "Policy followed:".
FOLLOWED: Final[Mapping[str, str]] = {
    PolicyFollowed.YES: _("yes"),
    PolicyFollowed.NO: _("no"),
    PolicyFollowed.UNCLEAR: _("unclear"),
}
#: What one can decide, one after another.
JUDGEMENTS: Final[Mapping[str, str]] = {
    Judgement.UPHOLD: _("uphold"),
    Judgement.OVERTURN: _("overturn"),
    Judgement.RIGHT_TO_CONTINUE: _("right to continue"),
    Judgement.SHOULD_HAVE_ENDED: _("should have ended"),
}
#: What a priority is made of. What would tell audits from others reads alike.
REASONS: Final[Mapping[str, str]] = {
    Reason.AUDIT: _("selected"),
    Reason.DOUBLE: _("selected"),
    Reason.BREACH: _("breach"),
    Reason.CUE: _("crisis cue"),
    Reason.FEEDBACK: _("surprised"),
    Reason.APPEAL: _("appeal"),
    Reason.GOLD: _("selected"),
    Reason.HELD: _("held"),
    Reason.CHOSEN: _("selected"),
}
#: What a conversation was ended for: "ended the conversation, for …".
CATEGORIES: Final[Mapping[str, str]] = {
    Category.VIOLENT_CRIMES: _("violent crimes"),
    Category.NONVIOLENT_CRIMES: _("nonviolent crimes"),
    Category.SEX_RELATED_CRIMES: _("sex-related crimes"),
    Category.CHILD_SEXUAL_EXPLOITATION: _("child sexual exploitation"),
    Category.INDISCRIMINATE_WEAPONS: _("indiscriminate weapons"),
    Category.SUICIDE_SELF_HARM: _("suicide and self-harm"),
    Category.HATE: _("hate"),
    Category.PRIVACY: _("privacy"),
    Category.INTELLECTUAL_PROPERTY: _("intellectual property"),
    Category.DEFAMATION: _("defamation"),
    Category.SEXUAL_CONTENT: _("sexual content"),
    Category.SPECIALIZED_ADVICE: _("specialized advice"),
    Category.ELECTIONS: _("elections"),
    Category.CODE_INTERPRETER_ABUSE: _("code interpreter abuse"),
    Category.HARASSMENT_OF_MODEL: _("harassment of the model"),
    Category.OTHER: _("other"),
}
#: Lines of a conformance: "… was not reported".
CRITERIA: Final[Mapping[str, str]] = {
    evaluation.IMMINENT_RISK: _("imminent risk"),
    evaluation.CRISIS_CUE: _("crisis cue"),
    evaluation.ENABLED: _("ending allowed for the category"),
    evaluation.CONFIRMATION: _("confirmed by the user"),
    "severity": _("severity"),
    "refusals": _("refusals"),
    "redirects": _("redirects"),
    "warnings": _("earlier warnings"),
    "turns_after_warning": _("user turns after the warning"),
    "distress": _("distress of the model"),
}
#: By the names that templates ask for.
PHRASES: Final[Mapping[str, Mapping[str, str]]] = {
    "area": AREAS,
    "followed": FOLLOWED,
    "remedy": REMEDIES,
    "state": STATES,
}


def within(phrases: Mapping[str, str], value: str) -> str:
    """*value* as *phrases* say it within a sentence, in the language of the page."""
    return gettext(phrases[value])
