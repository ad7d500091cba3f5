"""The T5 before it learns: fewer pieces, and an activation that is quicker."""

import pytest

torch = pytest.importorskip("torch")


def test_a_smaller_vocabulary_gives_the_same_scores_for_what_it_keeps(tiny_t5):
    from transformers import AutoTokenizer

    from training.modeling.vocabulary import with_vocabulary
    from training.rewriter import _loaded

    model, tokenizer = _loaded(str(tiny_t5)), AutoTokenizer.from_pretrained(tiny_t5)
    text = "the council baths open"
    with torch.no_grad():
        ids = tokenizer(text, return_tensors="pt").input_ids
        before = model(input_ids=ids, decoder_input_ids=ids).logits
    cut = with_vocabulary(model, tokenizer, [text], 150)
    assert len(tokenizer) == 160 and model.config.vocab_size == len(cut) == 152
    fewer = cut(text, return_tensors="pt").input_ids
    assert cut.convert_ids_to_tokens(fewer[0]) == tokenizer.convert_ids_to_tokens(ids[0])
    with torch.no_grad():
        after = model(input_ids=fewer, decoder_input_ids=fewer).logits
    places = tokenizer.convert_tokens_to_ids(cut.convert_ids_to_tokens(range(len(cut))))
    assert torch.allclose(before[..., places], after, atol=1e-5)
    gone = "mm"
    assert f"▁{gone}" in tokenizer.get_vocab() and f"▁{gone}" not in cut.get_vocab()
    assert cut.decode(cut(f"{gone} baths")["input_ids"], skip_special_tokens=True) == f"{gone} baths"


def test_the_fused_activation_gives_the_same_scores():
    from transformers import T5Config
    from transformers.activations import NewGELUActivation

    from training.modeling import Writer, use_fused_gelu

    config = T5Config(
        d_model=16, d_kv=4, d_ff=32, num_layers=1, num_heads=2, vocab_size=60, feed_forward_proj="gated-gelu"
    )
    model = Writer(config).eval()
    ids = torch.tensor([[5, 6, 7, 1]])
    with torch.no_grad():
        before = model(input_ids=ids, decoder_input_ids=ids).logits
        assert sum(isinstance(module, NewGELUActivation) for module in model.modules()) >= 2
        use_fused_gelu(model)
        after = model(input_ids=ids, decoder_input_ids=ids).logits
    assert not any(isinstance(module, NewGELUActivation) for module in model.modules())
    assert torch.allclose(before, after, atol=1e-5)
