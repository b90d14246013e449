using Lakala.Grains.Terminals;
using Lakala.Silo.Gateway.Conversations;
using Lakala.Storage;
using Lakala.Storage.Terminals;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Lakala.Wire.Terminal;

namespace Lakala.Silo.Gateway;

/// <summary>Finds the terminal that a message names, and the keys of its MAC.</summary>
internal sealed class TerminalKeys(IGrainFactory grains, IKeyVault vault, TimeProvider time)
{
    private readonly UnknownTerminals _unknown = new(time);
    private readonly byte[] _keyOfNobody = vault.Wrap(MasterKey.NewKey());

    /// <returns>Null when there is no such terminal.</returns>
    public async Task<TerminalRow?> FindTerminal(string id)
    {
        // A grain cannot have a blank name, and no terminal has one.
        if (string.IsNullOrWhiteSpace(id) || _unknown.Has(id))
        {
            return null;
        }

        var row = await GetGrain(id).Find();
        if (row is null)
        {
            _unknown.Add(id);
        }

        return row;
    }

    /// <returns>Null when the terminal, its store and the key set do not, or no longer, belong together.</returns>
    public async Task<SignedOnTerminal?> FindSignedOn(Origin from, int keySet)
    {
        var row = await FindTerminal(from.Terminal);
        if (row is null || row.Store != from.Store || row.Find(keySet) is not { } keys)
        {
            return null;
        }

        var mac = ClearKey.Spend(vault.Unwrap(keys.MacKey), static key => new MessageMac(key));
        return new SignedOnTerminal(row.Id, row.Store, row.Language, keySet, mac, keys.PinKey, GetGrain(row.Id));
    }

    /// <summary>The terminal's master key. For an unknown terminal a random key, so that the work is the same.</summary>
    public MasterKey UnwrapMaster(TerminalRow? row) =>
        ClearKey.Spend(vault.Unwrap(row?.MasterKey ?? _keyOfNobody), static key => new MasterKey(key));

    public ITerminalGrain GetGrain(string id) => grains.GetGrain<ITerminalGrain>(id);
}
