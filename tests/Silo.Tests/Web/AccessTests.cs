using Lakala.Silo.Web;
using Microsoft.AspNetCore.Builder;

namespace Lakala.Silo.Tests.Web;

public sealed class AccessTests
{
    [Fact]
    public void A_route_that_does_not_say_who_may_keeps_the_silo_from_starting()
    {
        var app = WebApplication.CreateSlimBuilder().Build();
        app.MapGet("/stated", static () => "").AllowAnonymous();

        ((Action)app.RequireStatedAccess).Should().NotThrow();
        app.MapGet("/unstated", static () => "");

        ((Action)app.RequireStatedAccess).Should().Throw<InvalidOperationException>().WithMessage("*/unstated does not say who may*");
    }
}
