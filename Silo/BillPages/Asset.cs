using System.Security.Cryptography;

namespace Lakala.Silo.BillPages;

/// <summary>A file of the pages that every browser may keep: its address changes with its content.</summary>
internal sealed class Asset
{
    public static readonly Asset Style = new("bill.css", "text/css; charset=utf-8");
    public static readonly Asset Script = new("bill.js", "text/javascript; charset=utf-8");
    public static readonly Asset Icon = new("icon.svg", "image/svg+xml");

    private readonly byte[] _content;

    private Asset(string name, string contentType)
    {
        (Name, ContentType) = (name, contentType);
        using var stream = typeof(Asset).Assembly.GetManifestResourceStream(typeof(Asset), $"Assets.{name}")
            ?? throw new InvalidOperationException($"{name} is not part of the program.");
        _content = new byte[stream.Length];
        stream.ReadExactly(_content);
        Address = $"assets/{name}?v={Convert.ToHexStringLower(SHA256.HashData(_content).AsSpan(0, 6))}";
    }

    public static IReadOnlyList<Asset> All => [Style, Script, Icon];

    public string Name { get; }

    public string ContentType { get; }

    /// <summary>As seen from a bill page.</summary>
    public string Address { get; }

    public IResult Serve(HttpContext context)
    {
        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return TypedResults.Bytes(_content, ContentType);
    }
}
