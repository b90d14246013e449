#!/usr/bin/env bash
# Standard Webhooks lets a notice carry several signatures, apart by a space, so that a secret can be rotated.
#
#   NuGet StandardWebhooks 1.1.2: looks at the first signature only. A notice whose second one is right is refused.
#   npm standardwebhooks 1.1.1:   takes it, whichever place the right one has.
#
# A sender that puts the new secret's signature first is refused by receivers that still have the old one, and the other way round.
# Needs the .NET SDK, node and npm. Exits 1 when one of them behaves otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

npm init -y >/dev/null
npm install --silent --no-audit --no-fund standardwebhooks@1.1.1 >/dev/null
cat > try.js <<'JS'
const { Webhook } = require('standardwebhooks');
const [ours, other] = [1, 2].map(fill => 'whsec_' + Buffer.alloc(32, fill).toString('base64'));
const body = '{"type":"bill.paid"}';
const now = new Date();
const [right, wrong] = [ours, other].map(secret => new Webhook(secret).sign('msg_1', now, body));
const fs = require('fs');
for (const [name, signatures] of [['first', `${right} ${wrong}`], ['second', `${wrong} ${right}`]]) {
  const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': String(Math.floor(now / 1000)), 'webhook-signature': signatures };
  fs.writeFileSync(`${name}.txt`, [ours, body, ...Object.values(headers)].join('\n'));
  try {
    new Webhook(ours).verify(body, headers);
    console.log(`npm, the right signature is the ${name}: taken`);
  } catch (fault) {
    console.log(`npm, the right signature is the ${name}: refused`);
  }
}
JS
node try.js > seen

mkdir receiver
cat > receiver/receiver.csproj <<'XML'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
  </PropertyGroup>
  <ItemGroup>
    <FrameworkReference Include="Microsoft.AspNetCore.App" />
    <PackageReference Include="StandardWebhooks" Version="[1.1.2]" />
  </ItemGroup>
</Project>
XML
cat > receiver/Program.cs <<'CS'
using Microsoft.AspNetCore.Http;
using StandardWebhooks;

foreach (var name in new[] { "first", "second" })
{
    var lines = File.ReadAllLines($"{name}.txt");
    var headers = new HeaderDictionary
    {
        ["webhook-id"] = lines[2],
        ["webhook-timestamp"] = lines[3],
        ["webhook-signature"] = lines[4],
    };
    string end;
    try
    {
        new StandardWebhook(lines[0]).Verify(lines[1], headers);
        end = "taken";
    }
    catch (Exception fault)
    {
        end = "refused";
        Console.Error.WriteLine(fault.Message);
    }

    Console.WriteLine($"NuGet, the right signature is the {name}: {end}");
}
CS
dotnet run --project receiver >> seen || { cat seen; exit 1; }
cat > expected <<'TEXT'
npm, the right signature is the first: taken
npm, the right signature is the second: taken
NuGet, the right signature is the first: taken
NuGet, the right signature is the second: refused
TEXT
cat seen
diff expected seen >&2 || { echo "the libraries behave otherwise now" >&2; exit 1; }
