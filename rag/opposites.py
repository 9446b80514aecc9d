"""Pairs of words that say the opposite: a text that says "fell" does not bear out one that says "rose"."""

from pincite.index.tokens import terms_of

_PAIRS = (
    (
        "rise rose risen rising increase grow grew grown climb gain higher",
        "fall fell fallen decrease drop decline slip shrink shrank lower",
    ),
    ("win won winner beat", "lose lost loser"),
    (
        "approve approved accept accepted pass passed carried adopt adopted",
        "reject rejected lost veto vetoed dismiss dismissed defeat defeated refuse refused",
    ),
    ("ahead", "behind"),
    ("older elder", "younger"),
    ("all every always", "some sometimes"),
    ("open opened opening", "closed closing shut"),
    ("start started beginning begin early", "end ended late"),
    ("midnight night", "noon midday"),
    (
        "available remain remains continue continued keep keeps kept",
        "discontinue discontinued stop stops stopped cease ceased withdrawn drop dropped",
    ),
    ("include included including", "exclude excluded excluding"),
    ("allow allowed permit permitted welcome", "forbid forbidden ban banned prohibit prohibited"),
    ("legal lawful valid", "illegal unlawful invalid void"),
    ("safe", "dangerous harmful avoid avoided unsafe"),
    ("first", "second"),
    ("maximum highest largest", "minimum lowest smallest"),
    ("import imports", "export exports"),
    ("mother", "father"),
    ("profit", "loss"),
    ("support supported favour", "oppose opposed against"),
    ("guilty convicted", "innocent acquitted"),
    ("hot warm", "cold frozen freeze"),
)
_PAIRS_IN_CHINESE = (
    ("增长 上升 增加 提高 上涨", "下降 减少 降低 下跌"),
    ("通过", "否决 驳回"),
    ("维持", "撤销 改判"),
    ("开放 开门", "闭馆 关闭 停业"),
    ("允许 可以 准许", "禁止 不得 禁用"),
    ("年初 月初", "年底 月底 年末 月末"),
    ("战胜 夺冠", "不敌 负于"),
    ("上半年", "下半年"),
    ("淡水", "咸水"),
    ("有权", "无权"),
    ("同意 支持 赞成", "反对 拒绝"),
    ("进口", "出口"),
    ("盈利", "亏损"),
    ("最大 最高 最多", "最小 最低 最少"),
    ("提前", "推迟 延期"),
    ("一季度", "二季度 三季度 四季度"),
    ("合格", "不合格"),
    ("有效", "无效"),
    ("甲方", "乙方"),
)


def _stems(words: str) -> frozenset[str]:
    return frozenset(term for word in words.split() for term in terms_of(word))


_STEMS = tuple((_stems(one), _stems(other)) for one, other in _PAIRS)


def say_opposites(claim: str, quote: str) -> bool:
    """Whether ``claim`` has one word of a pair and ``quote`` only the other.

    >>> say_opposites("Profit rose.", "Profit slipped"), say_opposites("It rose, then fell.", "it fell")
    (True, False)
    """
    ours, theirs = set(terms_of(claim)), set(terms_of(quote))
    for pair in _STEMS:
        for one, other in (pair, pair[::-1]):
            if ours & one and theirs & other and not (ours & other or theirs & one):
                return True
    return any(
        _has(claim, one) and _has(quote, other) and not (_has(claim, other) or _has(quote, one))
        for pair in _PAIRS_IN_CHINESE
        for one, other in (pair, pair[::-1])
    )


def _has(text: str, words: str) -> bool:
    return any(word in text for word in words.split())
