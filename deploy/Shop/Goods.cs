namespace Lakala.Shop;

/// <summary>A text in both languages of the shop.</summary>
public sealed record Text(string En, string Zh)
{
    public string In(string language) => language == "zh" ? Zh : En;
}

/// <param name="Price">In fen.</param>
/// <param name="Drawing">The content of an SVG of 64 by 64. It is ours, so it is the only text of a page that is not escaped.</param>
public sealed record Good(string Id, Text Name, long Price, string Drawing)
{
    public static readonly IReadOnlyList<Good> All =
    [
        new("teapot", new("Teapot", "茶壶"), 9_800,
            "<path d='M16 28h30v14a12 12 0 0 1-12 12h-6a12 12 0 0 1-12-12z' fill='#b4532a'/><path d='M46 32h4a7 7 0 0 1 0 14h-5' fill='none' stroke='#b4532a' stroke-width='4'/><path d='M16 40 6 30' stroke='#b4532a' stroke-width='5'/><path d='M22 25h18l-9-7z' fill='#8c3d1d'/>"),
        new("cups", new("Two cups", "茶杯一对"), 3_000,
            "<path d='M6 28h24v10a10 10 0 0 1-24 0zM34 28h24v10a10 10 0 0 1-24 0z' fill='#2f6f73'/><path d='M4 52h28M32 52h28' stroke='#1e4b4e' stroke-width='3'/>"),
        new("tea", new("Green tea, 250 g", "绿茶 250克"), 6_600,
            "<rect x='16' y='18' width='32' height='38' rx='4' fill='#5b8a3a'/><rect x='20' y='10' width='24' height='8' rx='2' fill='#41652a'/><path d='M32 28c8 4 8 14 0 18-8-4-8-14 0-18z' fill='#e9f2df'/>"),
        new("tray", new("Bamboo tray", "竹茶盘"), 4_500,
            "<rect x='6' y='24' width='52' height='20' rx='4' fill='#c9a45c'/><path d='M14 28v12M22 28v12M30 28v12M38 28v12M46 28v12' stroke='#9a7a3c' stroke-width='2'/>"),
    ];

    public static Good? Find(string? id) => All.FirstOrDefault(good => good.Id == id);
}
