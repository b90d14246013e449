using System.Security.Cryptography;
using Lakala.Grains.Terminals;
using Lakala.Storage;
using Lakala.Storage.Fleet;
using Lakala.Storage.Stores;
using Lakala.Wire.Keys;

namespace Lakala.Silo.Ops.Terminals;

/// <summary>A terminal's master key, on its way to whoever loads it into the terminal. It cannot be shown a second time. Prints itself masked.</summary>
internal sealed record TerminalSecret(string Id, string Store, string MasterKey)
{
    public override string ToString() => $"master key of {Id}";
}

/// <summary>Adds terminals and replaces their master keys.</summary>
internal sealed class TerminalProvisioning(ProvisioningRows provisioning, FleetQueries fleet, IKeyVault vault, IGrainFactory grains)
{
    public const int MostAtOnce = 10_000;

    public static bool IsId(string? id) => id is { Length: 8 } && id.All(char.IsAsciiLetterOrDigit);

    /// <summary>All of them, or none. Every reason begins with the id of the terminal.</summary>
    public async Task<Result<TerminalSecret[]>> Add(IReadOnlyList<(string Id, string Store)> terminals, string who, CancellationToken stop)
    {
        var faults = terminals.Select(terminal => IsId(terminal.Id) ? null : $"{terminal.Id}: a terminal's id has 8 letters and digits.")
            .OfType<string>().ToList();
        faults.AddRange(terminals.GroupBy(terminal => terminal.Id).Where(group => group.Count() > 1).Select(group => $"{group.Key} is there twice."));
        if (faults.Count > 0)
        {
            return Refused.Conflict(faults);
        }

        var keys = terminals.Select(_ => MasterKey.NewKey()).ToArray();
        try
        {
            var bad = await provisioning.AddTerminals(terminals, [.. keys.Select(key => vault.Wrap(key))], who, stop);
            return bad.Count > 0
                ? Refused.Conflict([.. bad.Select(one => $"{terminals[one.Place].Id}: {one.Why}.")])
                : terminals.Zip(keys, (terminal, key) => new TerminalSecret(terminal.Id, terminal.Store, Convert.ToHexStringLower(key))).ToArray();
        }
        finally
        {
            Array.ForEach(keys, key => CryptographicOperations.ZeroMemory(key));
        }
    }

    /// <summary>Its session ends: it signs on again when it has been loaded with the new key.</summary>
    public async Task<Result<TerminalSecret>> ReplaceMasterKey(string id, string who, CancellationToken stop)
    {
        var key = MasterKey.NewKey();
        try
        {
            if (await fleet.Find(id, stop) is not { } found || !await provisioning.ReplaceMasterKey(id, vault.Wrap(key), who, stop))
            {
                return Refused.NotFound("terminal", id, $"There is no terminal {id}, or it is retired.");
            }

            await grains.RefreshTerminals([id]);
            return new TerminalSecret(id, found.Terminal.Store, Convert.ToHexStringLower(key));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
