"""What one trial may take of a machine, in the service and in the command: its pack and its facts come from people."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bytes of memory and seconds of the processor."""

    memory: int = 4 << 30
    cpu: int = 1_800

    @property
    def too_much(self) -> str:
        return f"试算占用的内存超过上限（{self.memory >> 20} MB），请缩短时间段或减少事实"

    @property
    def too_long(self) -> str:
        return f"试算的计算时间超过上限（{self.cpu} 秒），请缩短时间段或减少事实"
