"""Checkpoints with the shapes of multilingual-e5-small, -base and -large and random weights: speed does not depend on
what a model has learnt."""

import torch
import transformers

import vocabulary

# hidden size, layers, heads, intermediate size
SHAPES = {"small": (384, 12, 12, 1536), "base": (768, 12, 12, 3072), "large": (1024, 24, 16, 4096)}


def make(shape, folder):
    """Writes the checkpoint unless it is there. Its last file is the sign that it is complete."""
    if (folder / "tokenizer_config.json").is_file():
        return
    hidden, layers, heads, intermediate = SHAPES[shape]
    transformers.utils.logging.disable_progress_bar()
    common = dict(hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
                  intermediate_size=intermediate)
    torch.manual_seed(3)
    if shape == "small":
        model = transformers.BertModel(transformers.BertConfig(
            vocab_size=250_037, max_position_embeddings=512, type_vocab_size=2, layer_norm_eps=1e-12, **common))
    else:
        model = transformers.XLMRobertaModel(transformers.XLMRobertaConfig(
            vocab_size=250_002, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5, bos_token_id=0,
            pad_token_id=1, eos_token_id=2, **common), add_pooling_layer=False)
    with torch.no_grad():
        # Fresh biases and norms are zeros and ones; arithmetic on those could be skipped.
        for values in model.parameters():
            if values.dim() == 1:
                values += 0.05 * torch.randn_like(values)
    folder.mkdir(parents=True, exist_ok=True)
    model.eval().save_pretrained(folder)
    vocabulary.write(folder)
