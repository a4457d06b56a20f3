"""asyncio with subprocesses, signals and threads."""

import asyncio
import sys


async def child(n):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", "-c", f"import sys; print([str(k) for k in range({n})][-1]); sys.exit({n})",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    return process.returncode, out


async def main():
    results = await asyncio.gather(*(child(n) for n in range(1, 9)))
    results.append(await asyncio.to_thread(lambda: len([str(n) for n in range(1000)])))
    return results


print(asyncio.run(main()))
