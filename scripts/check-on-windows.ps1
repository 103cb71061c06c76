# Test a distribution on Windows: unpack it, run tests/dist/on_windows.py in it, move it, install packages from PyPI.
#
# Usage: scripts\check-on-windows.ps1 ARCHIVE   (an install_only archive, .tar.gz)
# Needs only Windows 10 or newer; the last part also needs PyPI, and a Python with the GIL: not all of its packages have
# wheels for one without.
param([Parameter(Mandatory = $true)][string] $Archive)
$ErrorActionPreference = "Stop"
$place = Join-Path ([IO.Path]::GetTempPath()) "setup_local check $([Guid]::NewGuid())"
New-Item -ItemType Directory $place | Out-Null

function Invoke-Checked([string] $What, [string] $Program, [string[]] $Words) {
    Write-Host "== $What"
    & $Program @Words
    if ($LASTEXITCODE -ne 0) { throw "$What failed with exit code $LASTEXITCODE" }
}

try {
    Invoke-Checked "unpack" "tar" @("-xf", (Resolve-Path $Archive), "-C", $place)
    $python = Join-Path $place "python\python.exe"
    Invoke-Checked "version" $python @("-VV")
    Invoke-Checked "programs" $python @((Join-Path $PSScriptRoot "..\tests\dist\on_windows.py"))

    Invoke-Checked "a window" $python @("-c", "import tkinter; root = tkinter.Tk(); tkinter.Label(root, text='hello').pack(); root.update(); print(root.winfo_width()); root.destroy()")

    $moved = Join-Path $place "moved to a place with spaces"
    Move-Item (Join-Path $place "python") $moved
    $python = Join-Path $moved "python.exe"
    Invoke-Checked "after a move" $python @("-c", "import sys, ssl, sqlite3; print(sys.prefix)")
    Invoke-Checked "pip after a move" (Join-Path $moved "Scripts\pip.exe") @("--version")

    $long = "-c", "import os, pathlib, tempfile; p = pathlib.Path(tempfile.mkdtemp(), *['x' * 60] * 6); p.mkdir(parents=True); (p / 'f').write_text('x'); print(len(str(p)))"
    Invoke-Checked "paths over 260 characters (depends on LongPathsEnabled)" $python $long

    $packages = "numpy", "cryptography", "lxml", "pydantic", "pillow", "psutil", "orjson"
    Invoke-Checked "packages" $python (@("-m", "pip", "install", "--only-binary=:all:") + $packages)
    Invoke-Checked "numpy" $python @("-c", "import numpy; print(numpy.linalg.inv(numpy.eye(3)).trace())")
    Invoke-Checked "others" $python @("-c", "import cryptography.fernet, lxml.etree, pydantic, PIL.Image, psutil, orjson; print('ok')")
    Write-Host "all checks passed"
}
finally {
    Remove-Item -Recurse -Force $place -ErrorAction SilentlyContinue
}
