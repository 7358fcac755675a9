"""What a kernel takes of a multiprocessor, read off its machine code, and how many blocks fit on one at a time.

The machine code (*cubin*) is an ELF file: `.nv.info` lists each kernel's registers and stack, `.nv.shared.KERNEL` is as
large as its static shared memory. Limits are those of the CUDA programming guide's table of compute capabilities.
"""

import struct
from dataclasses import dataclass

REGISTER_COUNT, FRAME_SIZE = 0x2F, 0x11  # attributes in .nv.info
RESERVED = 1024  # bytes of shared memory a block that CUDA keeps for itself, from sm_80


@dataclass(frozen=True)
class Multiprocessor:
    """What one multiprocessor offers."""

    threads: int
    blocks: int
    shared: int  # bytes, for all blocks
    shared_block: int  # bytes, for one block that asks for more than 48 KiB
    registers: int = 65536


# By architecture; of the others, that of the nearest below.
MULTIPROCESSORS = {
    75: Multiprocessor(1024, 16, 65536, 65536),
    80: Multiprocessor(2048, 32, 167936, 166912),
    86: Multiprocessor(1536, 16, 102400, 101376),
    87: Multiprocessor(1536, 16, 167936, 166912),
    89: Multiprocessor(1536, 24, 102400, 101376),
    90: Multiprocessor(2048, 32, 233472, 232448),
    100: Multiprocessor(2048, 32, 233472, 232448),
    103: Multiprocessor(2048, 32, 233472, 232448),
    110: Multiprocessor(1536, 24, 233472, 232448),
    120: Multiprocessor(1536, 24, 102400, 101376),
}


def multiprocessor(arch: int) -> Multiprocessor:
    return MULTIPROCESSORS[max((known for known in MULTIPROCESSORS if known <= arch), default=75)]


@dataclass(frozen=True)
class Occupancy:
    """How full a multiprocessor gets with blocks of a kernel."""

    blocks: int  # at a time
    warps: int
    most_warps: int
    limit: str  # what keeps more out: "registers", "shared memory", "threads", "blocks"

    @property
    def share(self) -> float:
        return self.warps / self.most_warps


@dataclass(frozen=True)
class Resources:
    """What one thread, or one block, of a kernel needs."""

    arch: int
    registers: int  # a thread
    stack: int  # bytes of local memory a thread, for arrays, calls and spilled registers
    shared: int  # bytes of static shared memory a block

    def occupancy(self, threads: int, dynamic: int = 0, arch: int | None = None) -> Occupancy:
        """Blocks of so many threads on one multiprocessor, with that much dynamic shared memory each.

        Registers come to a warp in units of 256, shared memory to a block in units of 128 bytes (256 before sm_80).
        """
        arch = arch or self.arch
        offer = multiprocessor(arch)
        warps = -(-threads // 32)
        a_warp = -(-self.registers * 32 // 256) * 256
        unit = 128 if arch >= 80 else 256
        shared = -(-(self.shared + dynamic + (RESERVED if arch >= 80 else 0)) // unit) * unit
        room = {
            "threads": offer.threads // 32 // warps,
            "blocks": offer.blocks,
            # A quarter of the registers belongs to each of the four schedulers, and a warp to one of them.
            "registers": 4 * (offer.registers // 4 // a_warp) // warps if a_warp else offer.blocks,
            "shared memory": offer.shared // shared if shared else offer.blocks,
        }
        limit = min(room, key=lambda what: room[what])
        return Occupancy(room[limit], room[limit] * warps, offer.threads // 32, limit)


def resources(cubin: bytes, kernel: str, arch: int) -> Resources:
    """Read them off the machine code."""
    sections = _sections(cubin)
    names = _symbols(cubin, sections)
    found = {REGISTER_COUNT: 0, FRAME_SIZE: 0}
    start, size = sections.get(".nv.info", (0, 0))
    at = start
    while at < start + size:  # format, attribute, size or value: one byte each and two; 4 says that data follow
        form, attribute, value = struct.unpack_from("<BBH", cubin, at)
        at += 4
        if form == 4:
            if attribute in found and value == 8:
                symbol, number = struct.unpack_from("<II", cubin, at)
                if names[symbol] == kernel:
                    found[attribute] = number
            at += value
    _, shared = sections.get(f".nv.shared.{kernel}", (0, 0))
    if arch >= 90 and shared:
        shared -= RESERVED
    return Resources(arch, found[REGISTER_COUNT], found[FRAME_SIZE], shared)


def _sections(elf: bytes) -> dict[str, tuple[int, int]]:
    """Name of a section → where it is, and its size."""
    (table,) = struct.unpack_from("<Q", elf, 40)
    entry, count, naming = struct.unpack_from("<HHH", elf, 58)
    headers = [struct.unpack_from("<IIQQQQ", elf, table + k * entry) for k in range(count)]
    names = headers[naming][4]
    return {_text(elf, names + header[0]): (header[4], header[5]) for header in headers}


def _symbols(elf: bytes, sections: dict[str, tuple[int, int]]) -> list[str]:
    start, size = sections[".symtab"]
    names = sections[".strtab"][0]
    return [_text(elf, names + struct.unpack_from("<I", elf, at)[0]) for at in range(start, start + size, 24)]


def _text(elf: bytes, at: int) -> str:
    return elf[at : elf.index(b"\0", at)].decode()
