#!/usr/bin/env bash
# Orleans can make the serializers of another assembly's types: [assembly: GenerateCodeForDeclaringAssembly(typeof(T))].
#
#   Microsoft.Orleans.CodeGenerator 10.4.2, a positional record (init setters) in a referenced project, [GenerateSerializer] and ids on it:
#     with the SDK's usual reference assembly   the build fails with ORLEANS0110
#     with ProduceReferenceAssembly=false       the build fails with ORLEANS0101: the property "does not have an accessible setter"
#     the same record with set instead of init  builds
#   The very same record builds when the generator runs in its own project.
#
# So a project that holds such records must run the generator itself, or give up positional records.
# Needs the .NET SDK. Exits 1 when the generator behaves otherwise.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

packages='<PackageReference Include="Microsoft.Orleans.Serialization" Version="[10.4.2]" />'
generator='<PackageReference Include="Microsoft.Orleans.CodeGenerator" Version="[10.4.2]" PrivateAssets="all" />'
mkdir rows carrier
cat > carrier/carrier.csproj <<XML
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings></PropertyGroup>
  <ItemGroup>$packages$generator<ProjectReference Include="../rows/rows.csproj" /></ItemGroup>
</Project>
XML
echo '[assembly: Orleans.GenerateCodeForDeclaringAssembly(typeof(Rows.Row))]' > carrier/Carrier.cs

rows() { # extra properties, extra packages, the type
  cat > rows/rows.csproj <<XML
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings>$1</PropertyGroup>
  <ItemGroup>$packages$2</ItemGroup>
</Project>
XML
  printf 'namespace Rows;\n\n[Orleans.GenerateSerializer, Orleans.Alias("row")]\n%s\n' "$3" > rows/Row.cs
}

build() { # what, the project
  local out
  if out=$(dotnet build "$2" -v q 2>&1); then echo "$1: builds"; else echo "$1: $(grep -o 'ORLEANS[0-9]*' <<<"$out" | sort -u | head -1)"; fi
}

record='public sealed record Row([property: Orleans.Id(0)] long Number);'
whole='<ProduceReferenceAssembly>false</ProduceReferenceAssembly>'
{
  rows '' '' "$record"
  build 'record elsewhere, reference assembly' carrier
  rows "$whole" '' "$record"
  build 'record elsewhere, whole assembly' carrier
  rows "$whole" '' 'public sealed record Row { [Orleans.Id(0)] public long Number { get; set; } }'
  build 'settable record elsewhere, whole assembly' carrier
  rows '' "$generator" "$record"
  build 'record in its own project' rows
} | tee seen

diff seen - <<'TEXT'
record elsewhere, reference assembly: ORLEANS0110
record elsewhere, whole assembly: ORLEANS0101
settable record elsewhere, whole assembly: builds
record in its own project: builds
TEXT
