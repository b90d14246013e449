using System.Net.Http.Json;
using System.Text.Json;
using Lakala.Local;

namespace Lakala.EndToEnd.Tests;

/// <summary>The bank's own book of the network.</summary>
internal static class BankBook
{
    /// <summary>What the bank has credited of the payment with this RRN, oldest first.</summary>
    public static async Task<IReadOnlyList<(string Rrn, long Amount)>> CreditsOf(this LocalNetwork network, string payment)
    {
        using var http = new HttpClient();
        var book = await http.GetFromJsonAsync<JsonElement>(new Uri(network.BankHttp, "/book"), TestContext.Current.CancellationToken);
        return
        [
            .. book.GetProperty("refunds").EnumerateArray()
                .Where(one => one.GetProperty("original_rrn").GetString() == payment && one.GetProperty("response_code").GetString() == "00")
                .Select(one => (one.GetProperty("rrn").GetString()!, one.GetProperty("amount").GetInt64())),
        ];
    }
}
