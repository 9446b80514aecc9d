"""The page's own texts in English and Chinese, and which of them a browser wants.

A text is either ready or a form for ``str.format``. What comes from documents, from the library, as the
reason of a failed receipt, or from gradio is not translated here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """All texts of the page in one language; ``code`` is the language's, as HTML's ``lang`` has it."""

    code: str
    # asking
    tagline: str
    question: str
    placeholder: str
    ask: str
    stop: str
    new: str
    welcome: str
    welcome_more: str
    examples: str
    empty_question: str
    long_question: str
    unexpected: str
    looking: str
    more_may_follow: str
    stopped: str
    # which documents are asked
    all_documents: str
    only_documents: str
    only_publishers: str
    since: str
    until: str
    date_form: str
    asked_of: str
    from_date: str
    to_date: str
    # answers
    conversation: str
    citations: str
    citation: str
    confidence: str
    high: str
    medium: str
    low: str
    of_100: str
    without_llm: str
    not_answered: str
    nearest: str
    nothing_near: str
    nothing_chosen: str
    searched_for: str
    says_more: str
    not_found: str
    in_another: str
    source_reference: str
    copy: str
    copied: str
    again: str
    link: str
    save: str
    as_markdown: str
    as_page: str
    as_bundle: str
    # proof
    proof: str
    proof_more: str
    in_document: str
    back: str
    show_more: str
    view: str
    as_text: str
    as_drawn: str
    page_image: str
    no_page_image: str
    has_changed: str
    about: str
    source: str
    characters: str
    pages: str
    # documents
    documents: str
    add: str
    file: str
    status: str
    passages: str
    waiting: str
    reading: str
    reading_page: str
    indexing: str
    indexing_stage: str
    no_documents: str
    one_document: str
    many_documents: str
    more_documents: str
    remove: str
    remove_named: str
    sure: str
    statuses: tuple[tuple[str, str], ...]
    """What ``Receipt.status`` is called; what is missing goes by its own name."""
    # looking: scores, statistics, map
    scores_tab: str
    corpus_tab: str
    scores: str
    scores_about: str
    no_scores: str
    passage: str
    meaning: str
    meaning_about: str
    by_words: str
    by_words_about: str
    by_reader: str
    by_reader_about: str
    cited_as: str
    no_score: str
    statistics: str
    files: str
    groups: str
    on_disk: str
    passages_by_document: str
    others: str
    languages: str
    language_names: tuple[tuple[str, str], ...]
    formats: str
    no_suffix: str
    dates: str
    dated: str
    encoder: str
    dimensions: str
    generation: str
    map: str
    map_about: str
    map_sample: str
    map_keys: str
    map_empty: str
    map_question: str
    map_question_unplaced: str
    map_hits: str
    map_tap: str
    map_nearer: str
    map_farther: str
    map_whole: str
    map_to_hits: str


ENGLISH = Words(
    code="en",
    tagline="answers from your own documents, with their exact words",
    question="Question",
    placeholder="Ask a question…",
    ask="Ask",
    stop="Stop",
    new="New conversation",
    welcome="Ask about your documents",
    welcome_more="Every answer shows the exact words it rests on. "
    "When the documents do not say, you are told.",
    examples="For example",
    empty_question="Type a question first.",
    long_question="A question may have {most} characters at most: this one has {count}.",
    unexpected="Something went wrong here; the window in which pincite runs has the details. "
    "Please try again.",
    looking="Looking in the documents…",
    more_may_follow="More may follow…",
    stopped="Stopped before it was answered.",
    all_documents="Which documents to ask",
    only_documents="Only these documents",
    only_publishers="Only these publishers",
    since="Dated from",
    until="Dated to",
    date_form="2025, 2025-08 or 2025-08-14",
    asked_of="Asked of: {scope}",
    from_date="from {date}",
    to_date="to {date}",
    conversation="Conversation",
    citations="Citations",
    citation="[{number}] citation: {address}",
    confidence="Confidence: {word}",
    high="high",
    medium="medium",
    low="low",
    of_100="{percent} of 100",
    without_llm="the reader, without an LLM",
    not_answered="Not answered by these documents",
    nearest="The nearest passages, for you to judge:",
    nothing_near="There is no passage to show: the corpus holds no document yet.",
    nothing_chosen="There is no passage to show: no document is as chosen.",
    searched_for="Searched for: {question}",
    says_more="says more than its quote",
    not_found="not found in the documents",
    in_another="found in another passage",
    source_reference="source ref. {references}",
    copy="Copy",
    copied="Copied",
    again="Ask again",
    link="Link",
    save="Save",
    as_markdown="Markdown",
    as_page="Web page",
    as_bundle="Evidence bundle (JSON)",
    proof="Proof",
    proof_more="The passage behind an answer appears here, in its document.",
    in_document="Passage in its document",
    back="Back to the answer",
    show_more="Show more of the document",
    view="How to show it",
    as_text="Text",
    as_drawn="Page",
    page_image="The page, with the words in question marked",
    no_page_image="The page cannot be shown: {reason}",
    has_changed="This document has changed since: ask again ({error})",
    about="About this document",
    source="Source",
    characters="Characters",
    pages="Pages",
    documents="Documents",
    add="Add documents",
    file="File",
    status="Status",
    passages="Passages",
    waiting="waiting",
    reading="reading",
    reading_page="reading, page {done} of {total}",
    indexing_stage="indexing",
    indexing="indexing, passage {done} of {total}",
    no_documents="No documents yet. Drop some above.",
    one_document="1 document",
    many_documents="{count} documents",
    more_documents="and {count} more: see pincite list",
    remove="Remove",
    remove_named="Remove {name}",
    sure="Really remove?",
    statuses=(),
    scores_tab="Scores",
    corpus_tab="Corpus",
    scores="Scores of the passages",
    scores_about="What each passage was found by, and how sure the reader is of its answer from it alone.",
    no_scores="There are no passages to compare.",
    passage="Passage",
    meaning="Meaning",
    meaning_about="cosine, at most 1",
    by_words="Words",
    by_words_about="BM25, beside the highest",
    by_reader="Reader",
    by_reader_about="read alone, at most 1",
    cited_as="cited {numbers}",
    no_score="no score",
    statistics="The corpus in figures",
    files="Files",
    groups="Groups",
    on_disk="On disk",
    passages_by_document="Passages per document",
    others="Others ({count})",
    languages="Languages",
    language_names=(("en", "English"), ("zh", "Chinese"), ("ja", "Japanese"), ("other", "other or mixed")),
    formats="Formats",
    no_suffix="no suffix",
    dates="Dates",
    dated="{count} of {total} documents are dated",
    encoder="Encoder",
    dimensions="{count} dimensions",
    generation="Generation",
    map="Map of the corpus",
    map_about="{count} passages, each a point: near together, they say similar things.",
    map_sample="A sample, {count} of {total} passages: near together, they say similar things.",
    map_keys="Keys: arrows go to the nearest passage, Page Up and Page Down along the text, digits to the"
    " passages found, + and − nearer and farther; Enter opens.",
    map_empty="There is nothing on the map yet: the corpus holds no document.",
    map_question="your question",
    map_question_unplaced="The encoder does not know the script of this question, so it has no place here.",
    map_hits="Passages found, best first",
    map_tap="Tap again to open",
    map_nearer="Nearer",
    map_farther="Farther",
    map_whole="The whole map",
    map_to_hits="To the passages found",
)

CHINESE = Words(
    code="zh",
    tagline="从您自己的文档中找到答案，并给出原文",
    question="问题",
    placeholder="请输入问题…",
    ask="提问",
    stop="停止",
    new="新对话",
    welcome="向您的文档提问",
    welcome_more="每个答案都附有所依据的原文。文档中没有答案时，会如实告知。",
    examples="例如",
    empty_question="请先输入问题。",
    long_question="问题最多 {most} 个字符，现有 {count} 个。",
    unexpected="出现了意外错误，详情见运行 pincite 的窗口。请重试。",
    looking="正在文档中查找…",
    more_may_follow="可能还有更多…",
    stopped="已停止，尚未得到答案。",
    all_documents="提问范围",
    only_documents="仅限这些文档",
    only_publishers="仅限这些发布者",
    since="起始日期",
    until="截止日期",
    date_form="2025、2025-08 或 2025-08-14",
    asked_of="提问范围：{scope}",
    from_date="{date} 起",
    to_date="{date} 止",
    conversation="对话",
    citations="引文",
    citation="[{number}] 引文：{address}",
    confidence="可信度：{word}",
    high="高",
    medium="中",
    low="低",
    of_100="{percent}（满分 100）",
    without_llm="阅读器，未使用大模型",
    not_answered="这些文档没有给出答案",
    nearest="最接近的段落，供您判断：",
    nothing_near="没有可显示的段落：语料库中还没有文档。",
    nothing_chosen="没有可显示的段落：没有符合所选范围的文档。",
    searched_for="实际查找：{question}",
    says_more="超出了引文的内容",
    not_found="文档中未找到",
    in_another="见于另一段落",
    source_reference="原文参考 {references}",
    copy="复制",
    copied="已复制",
    again="重新提问",
    link="链接",
    save="保存",
    as_markdown="Markdown",
    as_page="网页",
    as_bundle="证据包（JSON）",
    proof="原文",
    proof_more="答案所依据的段落会连同上下文显示在这里。",
    in_document="段落及其上下文",
    back="返回答案",
    show_more="显示更多上下文",
    view="显示方式",
    as_text="文字",
    as_drawn="原页",
    page_image="原页，相关文字已标出",
    no_page_image="无法显示该页：{reason}",
    has_changed="该文档此后已变更，请重新提问（{error}）",
    about="文档信息",
    source="来源",
    characters="字符数",
    pages="页数",
    documents="文档",
    add="添加文档",
    file="文件",
    status="状态",
    passages="段落数",
    waiting="等待中",
    reading="正在读取",
    reading_page="正在读取第 {done}/{total} 页",
    indexing_stage="正在索引",
    indexing="正在索引第 {done}/{total} 段",
    no_documents="还没有文档，请在上方添加。",
    one_document="1 个文档",
    many_documents="{count} 个文档",
    more_documents="另有 {count} 个，见 pincite list",
    remove="移除",
    remove_named="移除 {name}",
    sure="确定移除？",
    statuses=(
        ("added", "已添加"),
        ("unchanged", "未变"),
        ("replaced", "已更新"),
        ("removed", "已移除"),
        ("failed", "失败"),
        ("vanished", "已消失"),
    ),
    scores_tab="得分",
    corpus_tab="语料库",
    scores="段落得分",
    scores_about="各段落因何被找到，以及阅读器仅凭该段落作答的把握。",
    no_scores="没有可比较的段落。",
    passage="段落",
    meaning="语义",
    meaning_about="余弦，满分 1",
    by_words="词语",
    by_words_about="BM25，以最高者为准",
    by_reader="阅读器",
    by_reader_about="单独作答，满分 1",
    cited_as="引文 {numbers}",
    no_score="无得分",
    statistics="语料库统计",
    files="文件",
    groups="分组",
    on_disk="占用空间",
    passages_by_document="各文档的段落数",
    others="其他（{count}）",
    languages="语言",
    language_names=(("en", "英语"), ("zh", "中文"), ("ja", "日语"), ("other", "其他或混合")),
    formats="格式",
    no_suffix="无扩展名",
    dates="日期",
    dated="{total} 个文档中有 {count} 个注明日期",
    encoder="编码器",
    dimensions="{count} 维",
    generation="版本号",
    map="语料库地图",
    map_about="{count} 个段落，每点一个：相距越近，内容越相似。",
    map_sample="{total} 个段落中的 {count} 个，抽样遍及各文档：相距越近，内容越相似。",
    map_keys="按键：方向键移到最近的段落，Page Up 和 Page Down 沿原文移动，数字键选找到的段落，"
    "+ 和 − 缩放，回车键打开。",
    map_empty="地图上还没有内容：语料库中没有文档。",
    map_question="您的问题",
    map_question_unplaced="编码器不认识该问题的文字，因此它在地图上没有位置。",
    map_hits="找到的段落，最佳在前",
    map_tap="再次点按以打开",
    map_nearer="放大",
    map_farther="缩小",
    map_whole="全图",
    map_to_hits="查看找到的段落",
)


def words_for(accept_language: str) -> Words:
    """Return the texts for a browser's ``Accept-Language``: those of the first language that we have.

    >>> words_for("de-AT,zh-CN;q=0.9,en;q=0.8").code
    'zh'
    """
    for wanted in accept_language.lower().split(","):
        tag = wanted.partition(";")[0].strip().partition("-")[0]
        for words in (ENGLISH, CHINESE):
            if tag == words.code:
                return words
    return ENGLISH


def in_language(code: str) -> Words:
    """Return the texts of one language, by its ``code``; English for any other."""
    return CHINESE if code == CHINESE.code else ENGLISH
