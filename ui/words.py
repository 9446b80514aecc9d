"""The page's own texts in English and Chinese, and which of them a browser wants.

A text is either ready or a form for ``str.format``. What comes from documents, from the library (the reason of
a failed receipt) or from gradio is not translated here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """All texts of the page in one language; ``code`` is the language's, as HTML's ``lang`` has it."""

    code: str
    tagline: str
    # asking
    question: str
    placeholder: str
    ask: str
    stop: str
    new: str
    welcome: str
    welcome_more: str
    examples: str
    empty_question: str
    unexpected: str
    looking: str
    more_may_follow: str
    stopped: str
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
    searched_for: str
    says_more: str
    not_found: str
    in_another: str
    source_reference: str
    copy: str
    copied: str
    retry: str
    link: str
    # proof
    proof: str
    proof_more: str
    back: str
    earlier: str
    later: str
    page_image: str
    has_changed: str
    about: str
    # documents
    documents: str
    add: str
    add_hint: str
    file: str
    status: str
    passages: str
    reading: str
    no_documents: str
    one_document: str
    many_documents: str
    more_documents: str
    remove: str
    statuses: tuple[tuple[str, str], ...]


ENGLISH = Words(
    code="en",
    tagline="answers from your own documents, with their exact words",
    question="Question",
    placeholder="Ask a question…",
    ask="Ask",
    stop="Stop",
    new="New conversation",
    welcome="Ask about your documents",
    welcome_more="Every answer shows the exact words it rests on. When the documents do not say, you are told.",
    examples="For example",
    empty_question="Type a question first.",
    unexpected="Something went wrong here; the window in which pincite runs has the details. Please try again.",
    looking="Looking in the documents…",
    more_may_follow="More may follow…",
    stopped="Stopped.",
    conversation="Conversation",
    citations="Citations",
    citation="citation",
    confidence="Confidence: {word}",
    high="high",
    medium="medium",
    low="low",
    of_100="{percent} of 100",
    without_llm="the reader, without an LLM",
    not_answered="Not answered by these documents",
    nearest="The nearest passages, for you to judge:",
    nothing_near="There is no passage to show: the corpus holds no document yet.",
    searched_for="Searched for: {question}",
    says_more="says more than its quote",
    not_found="not found in the documents",
    in_another="found in another passage",
    source_reference="source ref. {references}",
    copy="Copy",
    copied="Copied",
    retry="Ask again",
    link="Link",
    proof="Proof",
    proof_more="The passage behind an answer appears here, in its document.",
    back="Back to the answer",
    earlier="Show what stands before",
    later="Show what follows",
    page_image="Page {page}, with the quoted words boxed",
    has_changed="This document has changed since: ask again ({error})",
    about="About this document",
    documents="Documents",
    add="Add documents",
    add_hint="Drop files here, or click to choose",
    file="File",
    status="Status",
    passages="Passages",
    reading="Reading {name}…",
    no_documents="No documents yet. Drop some above.",
    one_document="1 document",
    many_documents="{count} documents",
    more_documents="and {count} more: see pincite list",
    remove="Remove",
    statuses=(),
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
    unexpected="出现了意外错误，详情见运行 pincite 的窗口。请重试。",
    looking="正在文档中查找…",
    more_may_follow="可能还有更多…",
    stopped="已停止。",
    conversation="对话",
    citations="引文",
    citation="引文",
    confidence="可信度：{word}",
    high="高",
    medium="中",
    low="低",
    of_100="{percent}（满分 100）",
    without_llm="阅读器，未使用大模型",
    not_answered="这些文档没有给出答案",
    nearest="最接近的段落，供您判断：",
    nothing_near="没有可显示的段落：语料库中还没有文档。",
    searched_for="实际查找：{question}",
    says_more="超出了引文的内容",
    not_found="文档中未找到",
    in_another="见于另一段落",
    source_reference="原文参考 {references}",
    copy="复制",
    copied="已复制",
    retry="重新提问",
    link="链接",
    proof="原文",
    proof_more="答案所依据的段落会连同上下文显示在这里。",
    back="返回答案",
    earlier="显示前文",
    later="显示后文",
    page_image="第 {page} 页，引文已框出",
    has_changed="该文档此后已变更，请重新提问（{error}）",
    about="文档信息",
    documents="文档",
    add="添加文档",
    add_hint="将文件拖到此处，或点击选择",
    file="文件",
    status="状态",
    passages="段落数",
    reading="正在读取 {name}…",
    no_documents="还没有文档，请在上方添加。",
    one_document="1 个文档",
    many_documents="{count} 个文档",
    more_documents="另有 {count} 个，见 pincite list",
    remove="移除",
    statuses=(
        ("added", "已添加"),
        ("unchanged", "未变"),
        ("replaced", "已更新"),
        ("removed", "已移除"),
        ("failed", "失败"),
        ("vanished", "已消失"),
    ),
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
