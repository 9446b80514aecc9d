"""The rules of ``suggesting`` for Chinese, Simplified and Traditional.

Chinese marks neither words nor names: what a sentence begins with is taken as its subject only where the
text says it more than once, or puts it in 《》. Nothing is asked of a sentence that hedges or points at
another one.
"""

import re
from collections.abc import Iterator

from pincite.index.language import HAN
from pincite.suggestions import Suggestion

_LETTER = rf"[{HAN}A-Za-z0-9·]"
_SUBJECT = rf"(?P<subject>《[^》]{{1,16}}》|{_LETTER}{{2,16}}?)"
_DIGITS = r"[0-9一二三四五六七八九十百千〇零两兩]"
_DATE = (
    r"(?P<date>(?:公元前?)?(?:[0-9]{3,4}|[一二三四五六七八九〇零]{4})年"
    rf"(?:{_DIGITS}{{1,3}}月)?(?:{_DIGITS}{{1,3}}日)?)"
)
_END = r"(?=$|[，。；,;])"
_EVENTS = (
    "成立|创立|創立|创办|創辦|创建|創建|创刊|創刊|建立|建成|始建|设立|設立|组建|組建|竣工|落成|开业|開業"
    "|开馆|開館|开放|開放|开通|開通|通车|通車|启用|啟用|投产|投產|诞生|誕生|出生|逝世|去世|病逝|上映|首播"
    "|发行|發行|出版|发布|發布|推出|举行|舉行|结束|結束|解散|停刊|改名|更名|独立|獨立|动工|動工|开工|開工"
    "|完工|开播|開播|播出|发售|發售|公布|颁布|頒布|毕业|畢業"
)
_DEEDS = (
    "创办|創辦|创立|創立|创建|創建|建立|设计|設計|执导|執導|编写|編寫|主演|发明|發明|提出|开发|開發|研制"
    "|研製|演唱|主持|撰写|撰寫|导演|導演|出版|发行|發行|制作|製作|发现|發現|命名"
)
_PEOPLE = rf"(?P<told>[{HAN}]{{2,4}}|[{HAN}A-Za-z]{{1,8}}·[{HAN}A-Za-z·]{{1,10}})"
_FIRMS = rf"(?P<told>[{HAN}A-Za-z0-9]{{2,12}}公司)"
_POSTS = (
    "理事长|理事長|校长|校長|院长|院長|董事长|董事長|总裁|總裁"
    "|主席|总经理|總經理|导演|導演|作者|创始人|創始人|会长|會長|馆长|館長|市长|市長|主编|主編|编剧|編劇"
)
_MEASURES = (
    "全长|全長|总长|總長|总面积|總面積|占地面积|佔地面積|建筑面积|建築面積|面积|面積|总人口|總人口|人口|海拔"
    "|高度|长度|長度|宽度|寬度|最高点海拔|最高海拔|平均海拔|总重量|總重量|轨距|軌距|票房|容量|座位数|座位數"
)
_NUMBER = r"(?P<number>[0-9][0-9,.]*(?:多|余|餘)?[万萬亿億]?|[一二三四五六七八九十百千两兩]{1,6})"
_COUNTERS = (
    "个|個|家|座|所|名|位|条|條|种|種|间|間|层|層|辆|輛|艘|架|部"
    "|首|张|張|台|臺|户|戶|片|只|隻|集|章|级|級|门|門|支|枚|栋|棟|站|节|節|匹|颗|顆|尊|块|塊"
)
_ABOUT = "(?:大约|大約|约为|約為|约|約|为|為|达到|達到|达|達|近|超过|超過|有|是|共|就|:|：)?"

_WHEN = re.compile(rf"^{_SUBJECT}(?:正式|最初|最早)?(?P<verb>{_EVENTS})(?:于|於|在){_DATE}")
_WHEN_EARLY = re.compile(
    rf"^{_SUBJECT}(?:是|最初|最早)?(?:于|於|在)?{_DATE}(?:正式)?(?P<verb>{_EVENTS}){_END}"
)
_WHEN_FIRST = re.compile(rf"^{_DATE}[，,]?{_SUBJECT}(?:正式)?(?P<verb>{_EVENTS}){_END}")
_WHO = re.compile(rf"^{_SUBJECT}是?由{_PEOPLE}(?:所|负责|負責)?(?P<verb>{_DEEDS})(?:的|{_END})")
_WHICH_FIRM = re.compile(rf"^{_SUBJECT}是?由{_FIRMS}(?:所|负责|負責)?(?P<verb>{_DEEDS})(?:的|{_END})")
_POST = re.compile(
    rf"^{_SUBJECT}?(?P<post>(?:现任|現任|首任|第一任)?(?:{_POSTS}))(?:是|为|為){_PEOPLE}{_END}"
)
_WHERE = re.compile(rf"^{_SUBJECT}(?P<verb>位于|位於|坐落于|坐落於|坐落在)(?P<told>{_LETTER}{{2,20}}){_END}")
_MEASURE = re.compile(
    rf"^{_SUBJECT}的?(?P<measure>{_MEASURES}){_ABOUT}"
    rf"(?P<told>[0-9][0-9,.]*[万萬亿億]?(?:多|余|餘)?[{HAN}A-Za-z²]{{1,5}}){_END}"
)
_HOW_MANY = re.compile(
    rf"^{_SUBJECT}(?:现|現|目前|一共|总共|總共|共)?(?P<verb>有|设有|設有|拥有|擁有|下辖|下轄|辖有|轄有|包括"
    rf"|包含){_ABOUT}{_NUMBER}(?P<counter>{_COUNTERS})(?P<noun>[{HAN}]{{1,8}}){_END}"
)
_ASIDE = re.compile(r"（[^（）]*）|\([^()]*\)|\[[\d,、 ]+\]")
_REJECTED = re.compile(
    r"[「」『』“”\"‘’<>{}|*_#`=~^/\\?？!！@…（）()\[\]]|可能|也许|也許|或许|或許|据说|據說|据称|據稱|传说|傳說|似乎|大概|不是|没有|沒有|并非|並非|未"
    r"|如果|假如|疑似|估计|估計|预计|預計|计划|計劃"
)
_NO_FIRST = re.compile(
    r"^(?:[他她它其该該此这這那我你您本某另各每两兩第在于於从從由对對因当當但而且并並若虽雖为為以与與和及或被]"
    r"|[把将將经經据據至自到就也都还還又再则則即仅僅只最]|后来|後來|目前|现时|現時|时任|時任|之后|之後|当时|當時"
    r"|现在|現在|同时|同時|然后|然後|随后|隨後|原本|今天|如今|近年|早期|上述|以下|以上|全书|全書|公司|学校|學校"
    r"|电影|電影|游戏|遊戲|小说|小說|专辑|專輯|故事|歌曲|作品|大学|大學|医院|醫院|大厦|大廈|酒店|球队|球隊|教堂"
    r"|车站|車站|公园|公園|湖岸|跑道|赛事|賽事|[0-9一二三四五六七八九十]+(?:年|月|日|世纪|世紀))"
)
_NO_LAST = re.compile(
    r"[是在于於的了和与與及并並被将將曾已也都共仅僅又还還就才而从從由至到对對为為有更最只]$|正式|主要|一共"
    r"|总共|總共|分别|分別|于是|於是|大约|大約|目前|现在|現在"
)
_INSIDE = re.compile(r"[是在于於由被把将將了这這那他她它该該此]|[0-9]{4}年")
_LEAST_OF_A_NAME = 3
_LISTS = re.compile("[一二两兩三四五六七八九十和及与與或等0-9]")
_COMMA = re.compile("[，,；;]")
_TOPIC = re.compile(rf"^{_SUBJECT}(?:[，,]|是|为|為|位于|位於|又称|又稱|简称|簡稱|原名|全称|全稱|英文)")
_GOES_ON = re.compile(
    rf"位于|位於|坐落|由|于|於|(?:{_EVENTS})(?:于|於|在)|(?:{_MEASURES}){_ABOUT}\d"
    rf"|{_DATE}(?:正式)?(?:{_EVENTS})|(?:共|设|設|拥|擁|下|现)?[有辖轄]"
)
_TRADITIONAL = re.compile(
    r"[個這們會來國時為與後從對說學長開關門問間東車馬魚鳥龍書當將發現實業產機電"
    r"話語讀寫術傳統萬億圖體點經濟歷區縣條環處總華葉舊創辦園歲]"
)
_WORDS = {
    "when": ("什么时候", "哪一年"),  # "什麼時候" is not understood as well
    "who": ("谁", "誰"),
    "firm": ("哪家公司", "哪家公司"),
    "where": ("哪里", "哪裡"),
    "what": ("什么", "什麼"),
}


def suggestions(sentence: str, text: str) -> Iterator[Suggestion]:
    """Yield what may be asked of ``sentence``, a part of ``text``; the surest rules first."""
    plain = "".join(_ASIDE.sub("", sentence).split()).strip("。；;")
    words = {name: pair[_TRADITIONAL.search(plain) is not None] for name, pair in _WORDS.items()}
    for clause in _clauses(plain):
        for made in _made(clause, words):
            said = clause[: clause.find(made.told) + len(made.told)]
            if not _REJECTED.search(said) and _is_named(made.subject, text):
                yield made


def _clauses(plain: str) -> Iterator[str]:
    """Yield the sentence from each of its clauses on; one without a subject has that of the first."""
    topic = _TOPIC.match(plain)
    for start in (0, *(match.end() for match in _COMMA.finditer(plain))):
        clause = plain[start:]
        yield clause
        if topic and start and _GOES_ON.match(clause):
            yield topic["subject"] + clause


def _made(plain: str, words: dict[str, str]) -> Iterator[Suggestion]:
    for pattern in (_WHEN, _WHEN_EARLY, _WHEN_FIRST):
        if match := pattern.match(plain):
            verb = match["verb"].replace("始建", "建造")
            question = f"{match['subject']}是{words['when']}{verb}的？"
            yield Suggestion(question, match["date"], match["subject"], "when", 1)
    if match := _WHICH_FIRM.match(plain):
        question = f"{match['subject']}是由{words['firm']}{match['verb']}的？"
        yield Suggestion(question, match["told"], match["subject"], "who", 0)
    elif match := _WHO.match(plain):
        question = f"{match['subject']}是由{words['who']}{match['verb']}的？"
        yield Suggestion(question, match["told"], match["subject"], "who", 0)
    if (match := _POST.match(plain)) and match["subject"]:
        of = "" if match["subject"].endswith("的") else "的"
        question = f"{match['subject']}{of}{match['post']}是{words['who']}？"
        yield Suggestion(question, match["told"], match["subject"].removesuffix("的"), "who", 0)
    if (match := _WHERE.match(plain)) and not re.search("[它他她该該此]", match["told"]):
        question = f"{match['subject']}{match['verb']}{words['where']}？"
        yield Suggestion(question, match["told"], match["subject"], "where", 2)
    if match := _MEASURE.match(plain):
        question = f"{match['subject']}的{match['measure']}是多少？"
        yield Suggestion(question, match["told"], match["subject"], "number", 0)
    match = _HOW_MANY.match(plain)
    if match and not (_LISTS.search(match["noun"]) or match["number"] in "一1" or match["noun"] == "分"):
        question = f"{match['subject']}{match['verb']}多少{match['counter']}{match['noun']}？"
        yield Suggestion(question, match["number"] + match["counter"], match["subject"], "number", 0)


def _is_named(subject: str, text: str) -> bool:
    """Whether a subject is a name of the text: a work in 《》, or what the text says more than once."""
    if subject.startswith("《"):
        return subject.endswith("》")
    if _NO_FIRST.match(subject) or _NO_LAST.search(subject) or _INSIDE.search(subject):
        return False
    plain = "".join(text.split("\n", 1)[1].split()) if "\n" in text else text
    is_title = plain.startswith(subject) or subject in text.split("\n", 1)[0]
    if len(subject) < _LEAST_OF_A_NAME and not is_title:
        return False
    return plain.count(subject) > 1 and re.search(f"[{HAN}A-Za-z]", subject) is not None
