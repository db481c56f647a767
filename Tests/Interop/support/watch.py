"""The check after every attack: the server lives, answers, and holds nothing back."""

import grpc

from .polling import wait_until
from .protos import pb, rpc

# Closed connections may be noticed only after the handshake's 10 s.
SETTLE_SECONDS = 15


class Watch:
    """Remembers a server's memory and descriptors at rest."""

    def __init__(self, server):
        self.server = server
        for _ in range(3):
            self.answers()
        self.descriptors = self._at_rest()
        self.rss = server.rss()

    def _at_rest(self):
        """Open files once the connections above are gone."""
        counts = [0]

        def settled():
            counts.append(self.server.descriptors())
            return len(counts) > 10 and len(set(counts[-10:])) == 1

        wait_until(settled, SETTLE_SECONDS, "the number of open files settles")
        return counts[-1]

    def answers(self):
        """A normal call works."""
        assert self.server.is_alive, self.server.log
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(self.server.address, options) as channel:
            reply = rpc.EmbeddingsStub(channel).Embed(
                pb.EmbedRequest(texts=["안녕하세요"]), timeout=20)
        assert len(reply.items[0].embedding.values) == 384

    def check(self, growth_mib):
        """Answers, gave back its descriptors, and grew by less than `growth_mib` since the start."""
        self.answers()
        wait_until(lambda: self.server.descriptors() <= self.descriptors, SETTLE_SECONDS,
                   f"open files fall back to {self.descriptors}")
        wait_until(lambda: self.server.rss() - self.rss < growth_mib, SETTLE_SECONDS,
                   f"memory falls below {self.rss:.0f} + {growth_mib} MiB")
