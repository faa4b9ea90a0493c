"""The words by which transcripts are found: the index and the query agree."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conversations.words import LONGEST, MOST_TERMS, ROW_BYTES, index_words, query_terms, rows


def found(query: str, text: str) -> bool:
    """Whether PostgreSQL would find *text* by *query*: all terms hold."""
    words = index_words([text])
    return all(
        any(word.startswith(term[1:-3]) for word in words)
        if term.endswith(":*")
        else term[1:-1] in words
        for term in query_terms(query)
    )


def test_case_width_and_punctuation_make_no_difference() -> None:
    assert index_words(["The GARDEN, (garden) ｇａｒｄｅｎ's"]) == {"the", "garden", "s"}
    assert query_terms("Garden? THE") == ["'garden'", "'the'"]


def test_marks_belong_to_their_word() -> None:
    assert index_words(["हिन्दी में"]) == {"हिन्दी", "में"}


def test_unspaced_scripts_are_found_by_any_run_of_characters() -> None:
    text = "这是一个很长的句子。東京タワー 안녕하세요"
    for query in ("很长的", "句", "子", "東京", "タワー", "녕하", "这是 東京"):
        assert found(query, text), query
    assert not found("长很", text)
    assert not found("京東", text)


def test_a_long_word_is_found_by_its_beginning() -> None:
    long = "x" * (LONGEST * 3)
    assert index_words([long]) == {"x" * LONGEST}
    assert found(long, long)


def test_a_query_of_many_words_is_cut_and_one_without_words_is_empty() -> None:
    assert len(query_terms(" ".join(f"w{number}" for number in range(99)))) == MOST_TERMS
    assert query_terms("?! \x00 ' \\ :* _") == []


def test_two_mebibytes_of_distinct_words_make_rows_of_bounded_size() -> None:
    words = index_words([" ".join(f"word{number:09}" for number in range(150_000))])
    made = list(rows(words))
    assert all(sum(len(word.encode()) for word in row) <= ROW_BYTES for row in made)
    assert sorted(word for row in made for word in row) == sorted(words)
    assert len(made) > 15


@given(st.text(max_size=200))
def test_every_text_is_found_by_itself(text: str) -> None:
    assert found(text, text)
    bare = [term.removesuffix(":*")[1:-1] for term in query_terms(text)]
    assert not set("".join(bare)) & set(" '\\\x00")
