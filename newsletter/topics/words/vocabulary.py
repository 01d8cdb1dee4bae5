"""The word lists: what never carries a topic. English alone; other languages go without."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOP_WORDS = _words(
    """
    a about above after again against all also although am among an and any are as at be because
    been before being below between both but by can cannot could did do does doing down during each
    either etc few for from further had has have having he her here hers him his how however i if in
    into is it its itself just let may me might more most must my neither no nor not now of off on
    once one only or other our ours out over own per same several she should since so some such than
    that the their theirs them then there therefore these they this those through thus to too toward
    towards two under until up upon us use used uses using very via was we well were what when where
    whether which while who whom whose why will with within without would yet you your
    """
)
"""Function words; a phrase ends before them."""

WORN_WORDS = _words(
    """
    ability able according accuracy achieve achieved achieves achieving across additionally address
    addresses addressing advance advancement advancements advances aim aims al allow allowing allows
    analyse analysis analyze analyzing application applications applied apply applying approach
    approaches area areas article aspect aspects available based baseline baselines become becomes
    benefit best better capabilities capability capture captures capturing case cases challenge
    challenges challenging co code com combine combines combining complex comprehensive conduct
    conducted consist consists contain containing contains contribution contributions cost costs
    critical cross crucial current currently data dataset datasets demonstrate demonstrated
    demonstrates design designed designs despite develop developed developing development develops
    different diverse domain domains downstream due e effective effectively effectiveness efficiency
    efficient efficiently eg emerge emerged enable enabled enables enabling end enhance enhanced
    enhances enhancing ensure ensures ensuring entire especially essential et evaluate evaluated
    evaluates evaluating even examine existing experiment experimental experiments explore explored explores
    exploring extensive facilitate fail fails field fig finally find findings first five focus
    focuses form found four framework frameworks full fundamental furthermore g gain gains gap gaps
    general generate generated generates generating github given good hence high higher highly http
    https ie ii iii important improve improved improvement improvements improves improving include
    included includes including incorporate incorporating increase increased increases increasing
    insight insights instead integrate integrates integrating inter intra introduce introduced
    introduces introducing investigate investigates io issue issues key lack lacks large lead leads
    learning less level levels leverage leverages leveraging like limitation limitations low lower
    made main maintain maintaining make makes making many meanwhile method methodology methods model
    models moreover much multi multiple need needs new non notably novel number obtain obtained
    offer offers often order outperform outperforming outperforms overall page paper papers part
    particularly parts performance play plays point points possible post potential pre predict
    predicting predicts present presented presents previous prior problem problems process processes
    produce producing progress project promise promising promote propose proposed proposes proposing
    provide provided provides providing publicly purpose quality range rate rates rather re real
    recent recently reduce reduced reduces reducing release released relies rely relying remain
    remains require required requires requiring respect respectively result results reveal reveals
    robustly scenario scenarios second section seek seeks self semi set sets setting settings show
    showing shown shows significant significantly similarly simple single sota specifically stage
    stages step steps still strong struggle struggles studies study sub success suffer suffers
    superior system systems table take takes task tasks technique techniques temporal tend term
    terms testing third three time together trade training type types typically understand
    understanding unlike variety various versus vs way ways website whole wide widely work works
    world
    """
)
"""Words that every abstract uses; a topic's phrase neither begins nor ends with them."""

HEADS = _words(
    """
    adaptation agents alignment analysis attack attacks benchmark benchmarks bias classification
    compression control dataset datasets decoding design detection dynamics editing efficiency
    estimation evaluation generation learning model modeling models network networks optimization
    planning prediction processing pruning quality reasoning recognition reconstruction
    representation retrieval safety scaling segmentation simulation synthesis tracking training
    tuning understanding
    """
)
"""Nouns that may end a phrase though they say nothing alone: “speculative decoding”, “world models”."""

FORMAL_WORDS = _words(
    """
    able according al approach approaches article available based best better case cases certain
    challenge challenges challenging complex comprehensive considerable current demonstrated
    different diverse due e effective effectively eg et example examples existing experiment
    experiments extensive first five four framework frameworks general given good high higher i ie
    important key known large low lower main many method methods much new notable novel number one
    order overall paper papers particular performance possible present presented presents previous
    prior problem problems promising propose proposed proposes proposing real recent recently
    remarkable result results second several show showing shown shows significant significantly
    similar simple small specific studies study substantial superior technique techniques terms
    third three two use used using various via way ways well work works world
    large-scale real-world state-of-the-art
    """
)
"""Words of how a paper is written, cut off the ends of its keyphrases."""

DETERMINERS = _words("the a an this these those our their its his her that them it each any some all more")
"""What follows a verb."""

BEFORE_VERBS = _words("to we can could will would may might should must they i you who cannot not")
"""What a verb follows."""
