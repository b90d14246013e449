using System.Security.Cryptography;

namespace Lakala.Silo.Web;

/// <summary>A file of the pages that every browser may keep: its address changes with its content.</summary>
internal sealed class Asset
{
    /// <summary>Of all pages.</summary>
    public static readonly Asset Icon = new(typeof(Asset), "icon.svg", "image/svg+xml");

    private readonly byte[] _content;

    /// <param name="room">A type of the pages that it belongs to: it lies in their folder <c>Assets</c>.</param>
    public Asset(Type room, string name, string contentType)
    {
        (Name, ContentType) = (name, contentType);
        using var stream = room.Assembly.GetManifestResourceStream(room, $"Assets.{name}")
            ?? throw new InvalidOperationException($"{name} is not part of the program.");
        _content = new byte[stream.Length];
        stream.ReadExactly(_content);
        Address = $"assets/{name}?v={Convert.ToHexStringLower(SHA256.HashData(_content).AsSpan(0, 6))}";
    }

    public string Name { get; }

    public string ContentType { get; }

    /// <summary>As seen from the room's root.</summary>
    public string Address { get; }

    public IResult Serve(HttpContext context)
    {
        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return TypedResults.Bytes(_content, ContentType);
    }
}
