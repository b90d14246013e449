namespace Lakala.Storage.Merchants;

/// <param name="Keys">The number of valid keys.</param>
public sealed record MerchantEntry(string Id, string Name, int Keys);
