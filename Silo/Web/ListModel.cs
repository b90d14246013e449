using System.ComponentModel;

namespace Lakala.Silo.Web;

internal sealed record ListModel<T>(
    IReadOnlyList<T> Data,
    [property: Description("Give it as cursor to get what follows; not there at the end.")]
    string? NextCursor);
