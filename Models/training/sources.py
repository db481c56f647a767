"""The mixture: every source that is trained on, its licence and its weight.

weight = how often a row is drawn per epoch (0.1: one row in ten, anew each epoch; 2: twice).
document: rows follow one another in a text, so that neighbours can be joined to passages.
A file that is not listed is not read. Left out on purpose: see README.md.
"""
from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    file: str
    weight: float
    licence: str
    document: bool = False
    group: int = 0  # this many consecutive rows say the same thing


PARALLEL = [
    Source("parallel/tatoeba.tsv", 2.0, "CC BY 2.0 FR"),
    Source("parallel/stylekqc.tsv", 0.35, "CC BY-SA 4.0", group=10),
    Source("parallel/xpersona.tsv", 1.0, "MIT"),
    Source("parallel/xgqa-fewshot-train-dev.tsv", 1.0, "CC BY 4.0"),
    Source("parallel/jhe.tsv", 2.0, "CC BY-SA 3.0"),
    Source("parallel/cocoa-mt-iwslt2023-train.tsv", 1.5, "CDLA-Sharing-1.0"),
    Source("parallel/african-storybook.tsv", 1.5, "CC BY 4.0", document=True),
    Source("parallel/news-park-dev.tsv", 1.5, "CC BY-SA 3.0", document=True),
    Source("parallel/news-park-test.tsv", 1.5, "CC BY-SA 3.0", document=True),
    Source("parallel/northkorean-news.tsv", 0.1, "CC BY-SA 3.0"),
    Source("parallel/opensource-guide.tsv", 1.0, "CC BY 4.0", document=True),
    Source("parallel/hf-course.tsv", 0.7, "Apache-2.0", document=True),
    Source("parallel/ms-iot-for-beginners.tsv", 0.7, "MIT", document=True),
    Source("parallel/scratch-website.tsv", 0.6, "BSD-3-Clause"),
    Source("parallel/gnome-help.tsv", 0.5, "CC BY-SA 3.0", document=True),
    Source("parallel/blender-manual.tsv", 0.4, "CC BY-SA 4.0"),
    Source("parallel/renpy-tutorial-and-question.tsv", 0.5, "MIT"),
    Source("parallel/hf-diffusers-docs.tsv", 0.4, "Apache-2.0", document=True),
    Source("parallel/rust-book.tsv", 0.4, "MIT or Apache-2.0", document=True),
    Source("parallel/react-docs.tsv", 0.25, "CC BY 4.0", document=True),
    Source("parallel/react-docs-legacy.tsv", 0.2, "CC BY 4.0", document=True),
    Source("parallel/vue-docs.tsv", 0.25, "CC BY 4.0", document=True),
    Source("parallel/vite-docs.tsv", 0.25, "MIT"),
    Source("parallel/django-docs.tsv", 0.2, "BSD-3-Clause"),
    Source("parallel/python-docs.tsv", 0.08, "PSF-2.0"),
    Source("parallel/msdocs-cpp-ht.tsv", 0.15, "CC BY 4.0"),
    Source("parallel/msdocs-powershell-ht.tsv", 0.15, "CC BY 4.0"),
    Source("parallel/msdocs-cpp-mt.tsv", 0.008, "CC BY 4.0"),
    Source("parallel/msdocs-powershell-mt.tsv", 0.02, "CC BY 4.0"),
    Source("parallel/bible-okb-modern-web.tsv", 0.2, "CC BY 4.0; English: public domain"),
    Source("parallel/bible-krv1961-web.tsv", 0.02, "public domain (file: CC BY 4.0)"),
]
LEXICON = [
    Source("lexicon/omw-wiktionary.tsv", 1.0, "CC BY-SA 3.0"),
    Source("lexicon/cldr-emoji-names.tsv", 0.5, "Unicode License v3"),
    Source("lexicon/cldr-emoji-keywords.tsv", 0.4, "Unicode License v3"),
    Source("lexicon/cldr-names.tsv", 0.5, "Unicode License v3"),
    Source("lexicon/osm-presets.tsv", 0.5, "ISC"),
    Source("lexicon/osm-preset-terms.tsv", 0.3, "ISC"),
]
QUESTION_PAIRS = [  # Korean only: two questions, last column 0 = same meaning
    Source("mono/question-pair.train.tsv", 0.5, "MIT"),
    Source("mono/question-pair.validation.tsv", 0.5, "MIT"),
]
CHAT = Source("mono/chatbot-qa.ko.tsv", 0.15, "MIT")  # Korean only: utterance, reply
OWN = 1.5  # weight of the project's own pairs*.jsonl and qa*.jsonl (data/)
FRAMES_EACH, COMPOSED = 16, 0.5  # sentences made of each noun (composed.py), and their weight
