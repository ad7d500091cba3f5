"""May a rewrite be shown? What is true of its source passes; one planted error is found, and named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summarizer.checks import Checker
from summarizer.summary import Check

ARTICLE = """A court in Bergen on Friday convicted Ana Roe, who ran the ferry line, of fraud after the jury deliberated
for 35 hours. Her brother, Jon Roe, was not charged. Judge Mats Lie freed Roe on bail of 2 million kroner, and she
surrendered her passport. "I have done nothing wrong," said Roe. Prosecutor Eva Dahl alleged that the company hid 12
accidents from the inspectors between January and May, and said 3,600 passengers were in danger. Police did not find the
log books. The line will appeal, its lawyer Tor Moe said. Inspectors found no faults in Stavanger."""
CONVICTED, BROTHER, BAIL, QUOTE, ALLEGED, POLICE, APPEAL, FAULTS = (
    "A court in Bergen on Friday convicted Ana Roe, who ran the ferry line, of fraud after the jury deliberated for "
    "35 hours.",
    "Her brother, Jon Roe, was not charged.",
    "Judge Mats Lie freed Roe on bail of 2 million kroner, and she surrendered her passport.",
    '"I have done nothing wrong," said Roe.',
    "Prosecutor Eva Dahl alleged that the company hid 12 accidents from the inspectors between January and May, and "
    "said 3,600 passengers were in danger.",
    "Police did not find the log books.",
    "The line will appeal, its lawyer Tor Moe said.",
    "Inspectors found no faults in Stavanger.",
)


@pytest.fixture(scope="module")
def checker():
    return Checker(ARTICLE)


def failed(checker, bullet, sources, context=""):
    return {check.kind for check in checker(bullet, sources, context) if not check.passed}


@pytest.mark.parametrize(
    ("bullet", "sources"),
    [
        ("A court in Bergen convicts Ana Roe of fraud", CONVICTED),
        ("Jury deliberated for 35 hours", CONVICTED),
        ("Judge frees Roe on bail of 2 million kroner", BAIL),
        ("Prosecutor alleges that the company hid 12 accidents from the inspectors between January and May", ALLEGED),
        ("Eva Dahl: 3.6 thousand passengers were in danger", ALLEGED),
        ("Police did not find the log books", POLICE),
        ("Police didn't find the log books", POLICE),
        ("The line will appeal, its lawyer says", APPEAL),
        ('Roe: "I have done nothing wrong"', QUOTE),
        ("Inspectors found no faults", FAULTS),
        ("Ana Roe to appeal in Bergen", "Ana Roe plans to appeal in Bergen."),
        ("The jury deliberated for 35 hours", "Not only Roe waited. The jury deliberated for 35 hours."),
    ],
)
def test_a_true_rewrite_passes(checker, bullet, sources):
    assert not failed(checker, bullet, sources)


@pytest.mark.parametrize(
    ("kind", "bullet", "sources"),
    [
        ("number", "Jury deliberated for 25 hours", CONVICTED),
        ("number", "Jury deliberated for 12 hours", CONVICTED),  # stands in the article, of another thing
        ("date", "A court in Bergen on Monday convicted Ana Roe", CONVICTED),
        ("name", "A court in Oslo Central convicted Ana Roe", CONVICTED),
        ("name", "Judge Mats Moe freed Roe on bail", BAIL),  # two people in one
        ("name", "Dahl did not find the log books", POLICE),  # somebody else of the article
        ("name", "The Bergen voted for the line", "The Bergen Council voted for the line."),  # half of one
        ("quote", 'Roe: "I have done nothing bad"', QUOTE),
        ("words", "A court in Bergen convicts Ana Roe of embezzlement", CONVICTED),
        ("words", "A court in Bergen convicts Ana Roe of frauderation", CONVICTED),
        ("negation", "Police found the log books", POLICE),
        ("negation", "Jon Roe was charged", BROTHER),
        ("negation", "A court in Bergen did not convict Ana Roe", CONVICTED),
        ("negation", "Inspectors found faults in Stavanger", FAULTS),
        ("attribution", "The company hid 12 accidents", ALLEGED),
        ("negation", "Roe was charged and did not resign", "Roe was not charged and did not resign."),
        ("attribution", "Roe sent money to Bergen", "Roe may have sent money to Bergen."),
        ("order", "Ana Roe convicted a court in Bergen", CONVICTED),
        ("order", "Ana Roe deliberated for 35 hours", CONVICTED),
        ("order", "Roe freed Judge Mats Lie on bail", BAIL),
        ("alone", "She surrendered her passport", BAIL),
        ("finished", "Judge Mats Lie freed Roe on bail of", BAIL),
        ("finished", "Roe freed", BAIL),
        ("finished", "Judge Mats Lie Lie freed Roe on bail", BAIL),
        ("finished", 'Roe: "I have done nothing wrong', QUOTE),
        ("number", "Repairs cost 26 euros", "Repairs cost about 26 euros."),
        ("number", "The quota is 3.2 million tyres", "The quota is 3.2 million tyres a year."),
        ("number", "More than 40 people live there", "Some 40 people live there."),
        ("words", "Judge Mats Lie freed Roe after a fraud", BAIL),  # stands in the article, not there
        ("quote", "I have done nothing wrong at all", '"I have done nothing wrong at all," she wrote.'),
        ("attribution", "The line is the oldest in Norway", "The line is the oldest in Norway, according to Tor Moe."),
        ("order", "Ana Roe wrote the head of the line", '"We lost," wrote Ana Roe, the head of the line.'),
        ("order", "Ana Roe the head of the line lost", "Ana Roe, the head of the line, lost."),
        ("finished", "A team announced on Tuesday", "A team announced on Tuesday that the coffin was found."),
        ("finished", "Kim Vik was one of the architects", "Kim Vik was one of the architects of the bridge."),
        ("finished", "When Roe left for Oslo", "When Roe left for Oslo, the line had 12 ships."),
        ("finished", "By the end of the year", "By the end of the year, the line had 12 ships."),
        ("finished", "The line will appeal. Police found no books", f"{APPEAL} Police found no books."),
        ("finished", "The line is old, reports", "The line is old, reports the trust."),
        ("finished", "Roe has turned the line", "Roe has turned the line into a success."),
        ("finished", "The fire is the latest evidence", "The fire is the latest evidence that the line is unsafe."),
        ("words", "The envoy of the U.s. left", "The envoy of the U.S. left."),
        (
            "attribution",
            "The army is leaving the base due to the situation",
            "The army is leaving the base due to the situation, sources who know the situation told CNN.",
        ),
        (
            "finished",
            "Running helped Oak raise money, though Vik, who ran in May",
            "Running helped Oak raise money, though Vik, who ran in May, is keen to stop.",
        ),
        ("number", "The finds are 3 million years old", "The finds are 3 million years or more old."),
        ("date", "Some 40 trees arrived in Bergen", "In 1910, some 40 trees arrived in Bergen."),
        ("words", "Roe, who wrote 70 books, has been ill", "Roe, who wrote 70 books, had been ill for years."),
        (
            "scope",
            "The case marks the first rescue of a turtle",
            "The case marks the first rescue of a turtle in Norway.",
        ),
        ("scope", "Roe did not think the Danes understood it", "Roe did not think the Danes fully understood it."),
        ("scope", "Roe says that faith is culture", "Roe says that for most people faith is culture."),
        ("scope", "The fight will go toe with Vik", "The fight will go toe to toe with Vik."),
        (
            "scope",
            "The image may have done more for the line",
            "The image may have done more for the line than any other.",
        ),
        ("scope", "The row landed the head of the line", "The row landed the head of the line in court."),
        ("scope", 'Ships would be made "targets of bombs"', 'Ships would be made by others into "targets of bombs".'),
        ("finished", "Roe views the high cost of ships", "Roe views the high cost of ships as the top issue."),
        (
            "finished",
            "These villages lie abandoned",
            "These villages lie abandoned or survive with a handful of people.",
        ),
        ("finished", "Ana Roe's first win since the spring", "Ana Roe celebrated her first win since the spring."),
        (
            "finished",
            "A statue that made its way to a market",
            "A statue that made its way to a market in Oslo showed a secret.",
        ),
        (
            "finished",
            "The belief is that for every job lost by Roe",
            "The belief is that for every job lost by Roe, another comes.",
        ),
        ("finished", "The answer is no. Polls show that", "The answer is no. Polls show that people agree."),
        (
            "attribution",
            "Snow has killed 196 people in the province of Troms",
            "Snow has killed 196 people in the province of Troms, officials said on Monday.",
        ),
        (
            "attribution",
            "Every branch of the town took part in the fraud",
            "Every branch of the town took part in the fraud, the Justice Department concluded this week.",
        ),
        (
            "order",
            "Lack of care is one of the faults of the report",
            "Lack of care is one of the faults cited in the report.",
        ),
        ("order", "Lund and Roe left off last season", "Lund and Roe resumed where they left off last season."),
        (
            "order",
            "Vik is charged over bombings killed three people",
            "Vik is charged over bombings that killed three people.",
        ),
        (
            "order",
            "Vik's writings on the boat he used",
            "Jurors saw a piece of evidence: Vik's writings on the boat he used.",
        ),
        (
            "order",
            "Students suspected of crimes",
            "It ensnared another group -- this time, students suspected of crimes.",
        ),
        (
            "words",
            "The plane is the first to fly to Oslo",
            "The plane landed on its quest to be the first to fly to Oslo.",
        ),
        (
            "finished",
            "Only recovering from the impact of storms",
            "Only recovering from the impact of storms, Oslo has won.",
        ),
        (
            "finished",
            "The chief of Troms says fraud in the context of money",
            "The chief of Troms said to view fraud in the context of money.",
        ),
        ("finished", "Police seek the death of Roe, 23,.", "Police seek the death of Roe, 23, who died."),
        (
            "attribution",
            "The line is summoned over alleged faults",
            "The line is summoned over alleged faults, its lawyer told CNN.",
        ),
        ("finished", "Studies show gains in children", "Studies show gains in children who swam."),
        ("scope", "Many skippers left the line", "Many old skippers left the line."),
        ("scope", "Roe asked for letters to be shown", "Roe asked for those letters to be shown."),
        (
            "scope",
            "Vik was part of the journal that looks at ships",
            "Vik was part of the study published in the journal that looks at ships.",
        ),
        ("scope", "The toll included 17 people, could climb", "The toll, which included 17 people, could climb."),
        ("scope", "Alonso training for his return", "Alonso has been training for his return."),
        ("scope", "Voters wanted a state that works, helps", "Voters wanted a state that works and helps."),
        ("scope", "Owners are in trouble", "Usually owners are in trouble."),
        ("finished", "Vik scored four goals", "Vik scored four goals in 24 games."),
        ("finished", "The line bought ships, boats", "The line bought ships, boats and trains."),
        ("finished", "Roe led the Commission", "Roe led the Commission on the Status of Ships."),
        (
            "finished",
            "A veteran who tried to join the army",
            "A veteran who tried to join the army before he sailed entered a plea.",
        ),
        (
            "finished",
            "Vik was due to play, but a draining match",
            "Vik was due to play, but a draining match with Roe convinced him.",
        ),
        ("finished", "Not only does it have clear benefits", "Not only does it have clear benefits, it is cheap."),
        ("finished", "Roe felt like a black' person", "Roe felt like a 'black' person."),
        (
            "finished",
            '"Some people there consider peace and stability," Roe says',
            '"Some people there consider peace and stability as a threat," Roe says.',
        ),
        (
            "finished",
            "The line may be at home in Bergen",
            "The line may be at home in Bergen, but its future is elsewhere.",
        ),
        (
            "finished",
            "A way-station for sailors crossing the sea",
            "A way-station for sailors crossing the sea opened.",
        ),
        ("finished", "Norway is ready to leave", "Norway is ready to leave if the state has its way."),
        (
            "finished",
            "According to Vik, the head of the line",
            'According to Vik, the head of the line, "the game has moved on".',
        ),
        (
            "finished",
            "Roe's mother died, and her chances of an illness",
            "Roe's mother died, and her chances of an illness are high.",
        ),
        (
            "order",
            "The death of Vik, who collapsed in the ring",
            "The world mourned the death of Vik, who collapsed in the ring.",
        ),
        (
            "scope",
            "Roe made history as host of the show",
            "Roe made history even before being named to follow Vik as host of the show.",
        ),
        (
            "scope",
            "Lund claimed the cup of Roe's second spell",
            "Lund claimed the cup of Roe's first win of his second spell.",
        ),
        ("finished", "Police found human remains", "Police found human remains in his stove."),
        ("scope", "Even without Vik, was able to sail", "Even without Vik, Roe was able to sail."),
        (
            "finished",
            "The log was not released, but the paper says",
            "The log was not released, but the paper printed a part of it.",
        ),
        ("scope", "The number of jobs fell by 7%", "The number of jobs within reach of Oslo fell by 7%."),
        ("order", "Makers keep a quota of 12 ships", "Makers keep within a quota of 12 ships."),
        (
            "finished",
            "The cut was large, according to figures",
            "The cut was large, according to figures from the line.",
        ),
        (
            "finished",
            "Four people died after a ferry carrying 301 people, police said",
            "Four people died after a ferry carrying 301 people struck a rock, police said.",
        ),
        ("attribution", "The line will close, it tweeted", 'Roe said that the line "will close," the head tweeted.'),
        (
            "attribution",
            "Lund is lucky to lead the line",
            "Roe, who led it until 2012, says Lund is lucky to lead the line.",
        ),
        (
            "order",
            "The debut of Larry Vik of Bergen",
            'Monday marked the opening of "Fish", the debut of Larry Vik of Bergen.',
        ),
        ("order", "Talks failed, the line sent ships", "When talks failed, the line sent ships."),
        ("words", "The line keeps its lead state", "The line keeps its leading state."),
        ("words", "The town protests the killer of the seals", "The town protests the killing of the seals."),
        ("words", "The wreck was found on Sunday on Sunday", "The wreck was found on Sunday."),
        ("words", "Lund lost 3-3 to Bergen", "Lund lost 3-1 to Bergen."),
        ("words", "The state has a awards show", "The state has an awards show."),
        ("words", "A ferry sank near a estimated 40 rocks", "A ferry sank near an estimated 40 rocks."),
        ("words", "The line asked Court of Appeal", "The line asked the court of Appeal."),
        ("words", "Roe is his boss in Bergen", "Roe is boss in Bergen, and Vik met his cousin there."),
        (
            "scope",
            "The ferry designer is the centre of the fair",
            "The ferry designer contest is the centre of the fair.",
        ),
        ("scope", "The police fired him", "The police fired at him."),
        ("scope", "Roe grew in Bergen", "Roe grew up in Bergen."),
        ("scope", "Judges met the 12 people subpoenaed", "Judges met the 12 people they subpoenaed."),
        ("scope", "Vik's mother left on Monday", "Vik believes his mother left on Monday."),
        ("scope", "It is the sixth ferry to be built there", "It is the sixth electric ferry to be built there."),
        (
            "scope",
            "Led by the singer Ana Roe ranges from folk to punk",
            "Led by the singer Ana Roe, the group's programme ranges from folk to punk.",
        ),
        (
            "scope",
            "Too much of it, as many of the sailors can be bad",
            "Too much of it, as many of the sailors are learning, can be bad.",
        ),
        ("order", "A plan to close the pier went to court", "The man behind a plan to close the pier went to court."),
        ("order", "Roe believed justice had been done", "There was a time that Roe believed justice had been done."),
        ("order", "The study, 95 of 100 sailors were ill", "In the study, 95 of 100 sailors were ill."),
        (
            "finished",
            "Little more than two years before Roe stands beside Vik",
            "Little more than two years before Roe stands beside Vik, she feels free.",
        ),
        ("finished", "The assembly, where his party won control", "The assembly, where his party won control, met."),
        (
            "finished",
            "The clerk at the heart of a row, officials say",
            "The clerk at the heart of a row, officials say, left.",
        ),
        ("finished", "Former leader of the line, is now mayor", "Vik, a former leader of the line, is now mayor."),
        ("scope", "A train left its tracks on Friday", "A train left its tracks on Friday, killing 30 people."),
        ("order", "Husband Jon Vik left in 2009", "Her husband Jon Vik left in 2009."),
        ("finished", "Visit to the United Kingdom", "Visit to the United Kingdom planned."),
        ("finished", "Is it a boy or a girl.", "Is it a boy or a girl?"),
        ("finished", "Vik told a Mexican network", "Vik told a Mexican network that he would leave."),
        ("finished", "The pier is either a success", "The pier is either a success -- or a failure."),
        (
            "finished",
            "Roe died after a ferry carrying 301 sailors",
            "Roe died after a ferry carrying 301 sailors and skippers hit a rock.",
        ),
        (
            "finished",
            "The log may lead Roe to doubt whether the ships",
            "The log may lead Roe to doubt whether the ships and boats had been stolen.",
        ),
        ("finished", "Roe Vik, the wife of a lawyer", "Roe Vik, the wife of a lawyer, left."),
        (
            "finished",
            "The line is in its third year, two weeks",
            "The line is in its third year, two weeks after it opened.",
        ),
        (
            "finished",
            "Sailors protest against the seals killed",
            "Sailors protest against the seals killed by the line.",
        ),
        ("scope", "A rise -- seen in May lasted", "A rise -- seen in May -- lasted."),
        ("scope", "About 55 of the patients say so", "About 55 of the patients and their families say so."),
        (
            "attribution",
            "The pilot who police say fled was ill",
            "The pilot who police say fled was ill, Roe told CNN.",
        ),
        ("attribution", "The pier is unsafe", "The pier is unsafe, a report by the state said on Monday."),
        ("alone", "One is in Bergen", "One is in Bergen."),
        ("alone", "Two were in Bergen", "The two were in Bergen."),
    ],
)
def test_an_error_is_found_and_named(checker, kind, bullet, sources):
    assert kind in failed(checker, bullet, sources)


def test_a_pronoun_may_become_the_one_name_that_the_context_has(checker):
    sentence = "He will appeal in the spring."
    assert not failed(checker, "Tor Moe will appeal in the spring", sentence, "The lawyer is Tor Moe.")
    assert "name" in failed(checker, "Jon Roe will appeal in the spring", sentence, "The lawyer is Tor Moe.")
    bullet = "Tor Moe will appeal in the spring"
    assert failed(checker, bullet, sentence, "Tor Moe met Jon Roe.") == {"order"}
    assert "order" in failed(checker, bullet, "The line will appeal in the spring.", "The lawyer is Tor Moe.")


@pytest.mark.parametrize(
    ("bullet", "sources"),
    [
        ("Repairs cost nearly 26 euros", "Repairs cost about 26 euros, she said."),
        ("When Roe left, the line had 12 ships", "When Roe left on Monday, the line had 12 ships."),
        ("Police say Roe left for Oslo", "Roe left for Oslo, police say."),
        ("Ana Roe will sail to Oslo on Monday", "Ana Roe will sail to Oslo on Monday because the line needs ships."),
        ("The council votes to close the pier", "The council voted to close the pier, after Vik said he would leave."),
        ("Roe led the line and won 12 races", "Roe led the line and won 12 races and two cups."),
        ("The line signed in first quarter", "The line signed in the first quarter."),
        ("A court cleared Vik", "A court cleared Vik, a skipper accused of fraud in 12 towns, and freed him."),
        ("The line sent ships", "When talks failed, the line sent ships."),
        ("The line sent ships", "On Monday, the line sent ships."),
        ('Ana Roe called it "a great day"', 'Ana Roe called it "a great day" after the line won.'),
    ],
)
def test_what_may_be_left_out(checker, bullet, sources):
    assert not failed(checker, bullet, sources) - {"attribution"}


def test_every_fact_is_accounted_for(checker):
    checks = checker("Eva Dahl: 3,600 passengers were in danger", ALLEGED)
    evidence = {check.kind: check.evidence for check in checks}
    assert evidence["number"] == "'3,600' is in the sources" and evidence["name"] == "'Eva Dahl' is in the sources"
    assert {"words", "negation", "attribution", "order", "alone", "finished"} <= set(evidence)


_PIECES = st.sampled_from(
    "said who that which , . ; : - -- ( ) \" ' ’ The the a in of on to than and or but not only first more 12 1910 "
    "Roe Bergen court was has is led ran U.S. $3m about police say according best if Monday May".split()
)


@given(st.lists(_PIECES, max_size=14), st.lists(_PIECES, max_size=25), st.text(max_size=20))
def test_any_texts_are_checked(bullet, sources, odd):
    for text in (" ".join(bullet), " ".join(bullet) + odd, odd):
        checks = Checker(" ".join(sources))(text, " ".join(sources) + odd, odd)
        assert all(isinstance(check, Check) and check.evidence for check in checks)
