"""A smaller base, before it learns: fewer pieces."""

import pytest

torch = pytest.importorskip("torch")
MERGES = "t-h th-e c-o u-n i-l b-a a-t m-m n-n p-p s-s f-f".split()


def test_a_smaller_vocabulary_gives_the_same_scores_for_what_it_keeps():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    from training.modeling.pruning import with_vocabulary

    merges = [tuple(merge.split("-")) for merge in MERGES]
    pieces = ["<pad>", "<end>", *sorted(pre_tokenizers.ByteLevel.alphabet()), *map("".join, merges)]
    backend = Tokenizer(models.BPE(vocab={piece: i for i, piece in enumerate(pieces)}, merges=merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="<pad>", eos_token="<end>")
    model = Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=len(pieces), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2,
            intermediate_size=48, tie_word_embeddings=True,
        )
    )  # fmt: skip
    text = "the council baths open"
    with torch.no_grad():
        ids = tokenizer(text, return_tensors="pt").input_ids
        before = model(input_ids=ids).logits
    cut = with_vocabulary(model, tokenizer, [text], 264)
    assert model.config.vocab_size == 264 < len(pieces)
    fewer = cut(text, return_tensors="pt").input_ids
    assert cut.convert_ids_to_tokens(fewer[0]) == tokenizer.convert_ids_to_tokens(ids[0])
    with torch.no_grad():
        after = model(input_ids=fewer).logits
    places = tokenizer.convert_tokens_to_ids(cut.convert_ids_to_tokens(range(264)))
    assert torch.allclose(before[..., places], after, atol=1e-5)
    assert "mm" not in cut.get_vocab() and cut.decode(cut("mm baths")["input_ids"]) == "mm baths"
