using Lakala.Silo.Ops.Terminals;
using Lakala.Silo.Web;
using Lakala.Storage.Stores;

namespace Lakala.Silo.Ops.Import;

/// <param name="Stores">How many were added or brought up to date.</param>
/// <param name="Terminals">Those that were added.</param>
internal sealed record Imported(int Stores, IReadOnlyList<TerminalSecret> Terminals);

/// <summary>Takes all lines of a file, or none; then every bad line is named.</summary>
internal sealed class Importer(ProvisioningRows provisioning, TerminalProvisioning newTerminals)
{
    /// <param name="file">CSV, whose first line names the columns.</param>
    public async Task<Result<Imported>> Import(Stream file, string who, CancellationToken stop)
    {
        using var bytes = new MemoryStream();
        await file.CopyToAsync(bytes, stop);
        var (csv, unreadable) = UploadedText.Read(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
        if (csv is null)
        {
            return Refused.BadLines([unreadable!]);
        }

        var (lines, faults) = ImportFile.Read(csv, TerminalProvisioning.MostAtOnce);
        if (faults.Count > 0)
        {
            return Refused.BadLines(faults);
        }

        if (lines.OfType<StoreImportLine>().ToList() is { Count: > 0 } stores)
        {
            await provisioning.PutStores([.. stores.Select(line => line.Store)], who);
            return new Imported(stores.Count, []);
        }

        var terminals = lines.OfType<TerminalImportLine>().ToList();
        var added = await newTerminals.Add([.. terminals.Select(line => (line.Id, line.Store))], who, stop);
        return added.Refused is { } refused
            ? Refused.BadLines([.. refused.Reasons.Select(reason => Locate(reason, terminals))])
            : new Imported(0, added.Value);
    }

    private static string Locate(string reason, List<TerminalImportLine> terminals) =>
        terminals.LastOrDefault(line => reason.StartsWith(line.Id, StringComparison.Ordinal)) is { } line ? $"Line {line.Number}: {reason}" : reason;
}
