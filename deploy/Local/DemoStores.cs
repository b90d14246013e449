namespace Lakala.Local;

/// <summary>An invented store of the demonstration, in the form of the silo's verb <c>provision</c>.</summary>
public sealed record DemoStore(
    string Id,
    string Name,
    string NameZh,
    string Chain,
    string District,
    string Address,
    double Latitude,
    double Longitude,
    string Hours,
    string Phone)
{
    public string Region { get; init; } = "上海 Shanghai";

    public int CommissionPercent { get; init; } = 20;
}

/// <summary>Stores in three districts; the terminals are in the first store.</summary>
internal static class DemoStores
{
    private const string Huangpu = "黄浦 Huangpu", Xuhui = "徐汇 Xuhui", Jingan = "静安 Jing'an";

    public static readonly IReadOnlyList<DemoStore> All =
    [
        new("STORE0000000001", "Corner Store 1", "街角小店一号", "Corner Store", Huangpu, "1 Example Road 示例路1号", 31.2304, 121.4737, "00:00-24:00", "+86 21 5550 0001"),
        new("STORE0000000002", "Corner Store 2", "街角小店二号", "Corner Store", Huangpu, "88 Sample Street 样板街88号", 31.2341, 121.4801, "06:30-23:00", "+86 21 5550 0002"),
        new("STORE0000000003", "Lantern Mart", "灯笼便利", "Lantern", Huangpu, "5 Pattern Lane 模式弄5号", 31.2265, 121.4812, "07:00-22:30", "+86 21 5550 0003"),
        new("STORE0000000004", "Riverside Kiosk", "江边小铺", "Lantern", Huangpu, "12 Demo Embankment 演示堤12号", 31.2392, 121.4899, "08:00-20:00", "+86 21 5550 0004"),
        new("STORE0000000005", "Plane Tree Shop", "梧桐小店", "Plane Tree", Xuhui, "301 Example Avenue 示例大道301号", 31.2103, 121.4381, "07:00-23:00", "+86 21 5550 0005"),
        new("STORE0000000006", "Corner Store 3", "街角小店三号", "Corner Store", Xuhui, "17 Model Road 范例路17号", 31.1951, 121.4365, "00:00-24:00", "+86 21 5550 0006"),
        new("STORE0000000007", "Bamboo Basket", "竹篮超市", "Bamboo", Xuhui, "9 Sketch Lane 草图弄9号", 31.2012, 121.4467, "06:00-22:00", "+86 21 5550 0007"),
        new("STORE0000000008", "Lantern Mart South", "灯笼便利南店", "Lantern", Xuhui, "66 Outline Street 轮廓街66号", 31.1887, 121.4403, "07:00-22:30", "+86 21 5550 0008"),
        new("STORE0000000009", "Temple Gate Store", "寺前小店", "Bamboo", Jingan, "3 Draft Road 草稿路3号", 31.2236, 121.4459, "07:30-22:00", "+86 21 5550 0009"),
        new("STORE0000000010", "Corner Store 4", "街角小店四号", "Corner Store", Jingan, "120 Template Road 模板路120号", 31.2289, 121.4541, "00:00-24:00", "+86 21 5550 0010"),
        new("STORE0000000011", "Plane Tree North", "梧桐小店北店", "Plane Tree", Jingan, "45 Mockup Street 样机街45号", 31.2378, 121.4502, "06:30-23:30", "+86 21 5550 0011"),
        new("STORE0000000012", "Station Stall", "车站小摊", "Lantern", Jingan, "1 Placeholder Square 占位广场1号", 31.2489, 121.4556, "05:30-23:30", "+86 21 5550 0012"),
    ];
}
